import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

final class Verify {
  /** Throws unless the body, exactly as received, was signed with the secret. Names of headers are in lower case. */
  static void verify(String secret, Map<String, String> headers, byte[] body) throws GeneralSecurityException {
    byte[] key = Base64.getDecoder().decode(secret.replaceFirst("^whsec_", ""));
    String id = headers.get("webhook-id"), timestamp = headers.get("webhook-timestamp");
    if (Math.abs(Instant.now().getEpochSecond() - Long.parseLong(timestamp)) > 300) {
      throw new SecurityException("sent too long ago, or a clock is wrong");
    }
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
    byte[] expected = ("v1," + Base64.getEncoder().encodeToString(mac.doFinal(body))).getBytes(StandardCharsets.UTF_8);
    // While a secret is being replaced there are two signatures; one has to match.
    for (String one : headers.get("webhook-signature").split(" ")) {
      if (MessageDigest.isEqual(one.getBytes(StandardCharsets.UTF_8), expected)) return;
    }
    throw new SecurityException("not signed with this secret");
  }
}
