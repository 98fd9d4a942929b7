// <hookstep-portal src="…">: the portal of Hookstep in a frame that is as high as its content.
//
// `src` is the `url` of POST /orgs/{org_id}/portal-sessions. Events: `portal-opened`; `portal-shown`, with `detail.title`; and
// `portal-ended`, upon which the page asks its server for a new link and sets `src` again. What somebody was writing stays.
"use strict";

class HookstepPortal extends HTMLElement {
  static observedAttributes = ["src"];
  #frame = null;

  get src() {
    return this.getAttribute("src");
  }

  set src(url) {
    this.setAttribute("src", url);
  }

  connectedCallback() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    const frame = document.createElement("iframe");
    frame.title = this.getAttribute("title") ?? "Webhooks";
    frame.allow = "clipboard-write";
    frame.referrerPolicy = "no-referrer";
    // What a frame keeps for a reload is found under its name, so that two of them do not mix.
    frame.name = crypto.getRandomValues(new Uint32Array(4)).join("-");
    // By properties, because a policy of the page may forbid style sheets of ours.
    Object.assign(this.style, { display: "block" });
    Object.assign(frame.style, { border: "0", display: "block", width: "100%", height: "600px" });
    root.replaceChildren(frame);
    this.#frame = frame;
    addEventListener("message", this.#hear);
    this.#open();
    // It was moved: the link that it had is used up.
    if (this.#origin && !frame.src) this.dispatchEvent(new CustomEvent("portal-ended", { detail: {} }));
  }

  disconnectedCallback() {
    removeEventListener("message", this.#hear);
    this.#frame = null;
  }

  attributeChangedCallback() {
    this.#open();
  }

  #open() {
    if (!this.#frame || !this.src) return;
    const url = new URL(this.src, location.href);
    if (!["https:", "http:"].includes(url.protocol)) throw new TypeError("src must be an address with https");
    this.#frame.src = url.href;
    // The link works once: nothing else should see it, or open it again.
    this.removeAttribute("src");
    this.#origin = url.origin;
  }

  #origin = null;

  #hear = ({ source, origin, data }) => {
    if (source !== this.#frame?.contentWindow || origin !== this.#origin || data?.source !== "hookstep-portal") return;
    const { type, ...detail } = data;
    if (type === "size") this.#frame.style.height = `${Math.max(300, Math.min(Number(detail.height) || 0, 20_000))}px`;
    else if (["opened", "shown", "ended"].includes(type)) this.dispatchEvent(new CustomEvent(`portal-${type}`, { detail }));
  };
}

customElements.define("hookstep-portal", HookstepPortal);
