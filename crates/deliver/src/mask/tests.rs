use base64::engine::general_purpose::URL_SAFE;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::*;

fn mask(secrets: &[&str]) -> Mask {
    Mask::new(secrets.iter().map(|&secret| secret.to_owned()))
}

#[test]
fn every_occurrence_is_masked_and_nothing_else() {
    let mask = mask(&["secret", "secret-longer", "short"]);
    let cases = [
        ("", ""),
        ("short", "short"),
        ("secret", "***"),
        ("a secretsecret b secret-longer", "a ****** b ***"),
        ("secre", "secre"),
    ];
    for (text, masked) in cases {
        assert_eq!(mask.text(text), masked);
        assert_eq!(mask.bytes(text.as_bytes().to_vec(), Extent::Whole), masked.as_bytes());
    }
    assert_eq!(mask.bytes(b"\xffsecret\xfe".to_vec(), Extent::Whole), b"\xff***\xfe");
    assert_eq!(Mask::default().text("secret"), "secret");
}

#[test]
fn a_secret_is_found_in_every_form() {
    let secret = r#"p&ss "wörd"/+<x>\y"#;
    let mask = mask(&[secret]);
    let form: String = byte_serialize(secret.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let lower: String =
        percent
            .split('%')
            .enumerate()
            .map(|(n, part)| {
                if n == 0 { part.to_owned() } else { format!("%{}{}", part[..2].to_lowercase(), &part[2..]) }
            })
            .collect();
    let quoted = json!(secret).to_string();
    let in_json = quoted.trim_matches('"').to_owned();
    for text in [
        secret.to_owned(),
        in_json.clone(),
        in_json.replace('/', "\\/"),
        in_json.replace('ö', "\\u00f6"),
        in_json.replace('ö', "\\u00f6").replace('/', "\\/"),
        in_json
            .replace('&', "\\u0026")
            .replace('<', "\\u003c")
            .replace('>', "\\u003e")
            .replace('ö', "\\u00f6"),
        r#"p\u0026ss \u0022w\u00F6rd\u0022/\u002B\u003Cx\u003E\\y"#.to_owned(),
        form,
        percent,
        lower,
        r#"p&amp;ss &quot;wörd&quot;/+&lt;x&gt;\y"#.to_owned(),
    ] {
        assert_eq!(mask.text(&format!("before {text} after")), "before *** after", "{text}");
    }
    for before in ["", "a", "ab", "abc"] {
        let text = format!("{before}{secret}{before}");
        for encoded in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
            let masked = mask.text(&encoded);
            let left = encoded.len() - (masked.len() - MASKED.len());
            assert!(masked.contains(MASKED) && left + 2 >= secret.len() * 8 / 6, "{encoded} {masked}");
        }
    }
}

#[test]
fn each_secret_part_of_a_header_is_masked() {
    let basic = format!("Basic {}", STANDARD.encode("user:password"));
    let cases = [
        ("Bearer s3cret-token", "s3cret-token"),
        ("Bearer s3cret-token", "Bearer s3cret-token"),
        (&*basic, "password"),
        (&*basic, &basic[6..]),
        (r#"Token token="abcdef", id=ghijkl"#, "abcdef"),
        ("session=abcdefgh; theme=light1", "abcdefgh"),
        ("Key abcdefgh==", "abcdefgh=="),
    ];
    for (header, text) in cases {
        assert_eq!(Mask::of_header(header).text(&format!("<{text}>")), "<***>", "{header}");
    }
    assert_eq!(Mask::of_header("Bearer s3cret-token").text("Bearer"), "Bearer", "the scheme is no secret");
}

#[test]
fn a_secret_that_was_cut_is_masked() {
    let long = "0123456789".repeat(20);
    let mask = mask(&["pl4nted-secret", &long]);
    for (text, extent, masked) in [
        ("a pl4nted-se", Extent::Cut, "a ***"),
        ("a pl4n", Extent::Cut, "a ***"),
        ("a pl4", Extent::Cut, "a pl4"),
        ("a pl4nted-se", Extent::Whole, "a pl4nted-se"),
        ("a pl4nted-secret pl4nt", Extent::Cut, "a *** ***"),
        ("a pl4nted-secret", Extent::Cut, "a ***"),
    ] {
        assert_eq!(mask.bytes(text.into(), extent), masked.as_bytes(), "{text}");
    }
    // A receiver may cut a long token, too.
    assert_eq!(mask.text(&format!("<{}>", &long[..100])), "<***>");
    assert_eq!(mask.text(&format!("<{long}>")), "<***>");
}
