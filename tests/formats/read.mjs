// Reads a request with the SDK of CloudEvents, which also validates it, and prints the event as JSON. Standard input is JSON:
// {headers, body}, with the body in base64 and the names of headers in lower case.

import { readFileSync } from "node:fs";
import { HTTP } from "cloudevents";

const { headers, body } = JSON.parse(readFileSync(0, "utf8"));
const bytes = Buffer.from(body, "base64");
// The SDK takes bodies as frameworks hand them over: text as a string, everything else as a buffer.
const isText = /json|text/.test(headers["content-type"] ?? "json");
const event = HTTP.toEvent({ headers, body: isText ? bytes.toString() : bytes });
event.validate();
console.log(JSON.stringify(event));
