// Verifies a request with the library that its receivers use. Standard input is JSON: {library, headers, body, secret}, with the
// body in base64 and the names of headers in lower case.

import { readFileSync } from "node:fs";
import Stripe from "stripe";
import { Webhook } from "svix";

const { library, headers, body, secret } = JSON.parse(readFileSync(0, "utf8"));
const bytes = Buffer.from(body, "base64");
const libraries = {
  svix: () => new Webhook(secret).verify(bytes, headers),
  stripe: () => Stripe.webhooks.constructEvent(bytes, headers["acme-signature"], secret),
};
libraries[library]();
