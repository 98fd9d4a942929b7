//! The look of the portal: a product's name, logo and colours, and the way back to it.

use serde_json::json;

use super::{Portal, link};
use crate::world::{ORG, World};

const LOGO: &str = "data:image/svg+xml;base64,PHN2Zy8+";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_is_in_the_name_and_the_colours_of_the_product() {
    let world = World::start().await;
    let theme =
        json!({"product_name": "Acme <&>", "logo": LOGO, "mode": "dark", "dark": {"accent": "#7cc4ff"}});
    let fields = json!({"role": "view", "theme": theme, "return_url": "https://app.example.com/?a=1&b=2"});
    let made = link(&world.api, ORG, &fields).await;
    let (portal, opened) = Portal::by_link(&world.api, made["url"].as_str().unwrap()).await;
    // The script keeps the logo, and no page repeats it.
    assert_eq!(opened.json()["logo"], LOGO);
    let page = portal.page("/").await;
    assert!(page.contains("<title>Webhooks · Acme &lt;&amp;&gt;</title>") && !page.contains(LOGO), "{page}");
    assert!(page.contains("href=\"https://app.example.com/?a=1&amp;b=2\" target=\"_top\""), "{page}");
    assert!(
        !page.contains("Hookstep</a>") && page.contains("Back to <bdi>Acme &lt;&amp;&gt;</bdi>"),
        "{page}"
    );
    let sheet = page
        .split("href=\"")
        .map(|rest| rest.split('"').next().unwrap())
        .find(|url| url.contains("theme.css"));
    let style = Portal::new(&world.api).get(&sheet.unwrap().replace("&amp;", "&")).await;
    assert_eq!((style.status, style.headers["content-type"].to_str().unwrap()), (200, "text/css"));
    let style = String::from_utf8(style.body.to_vec()).unwrap();
    assert!(style.contains("--accent: #7cc4ff;") && style.contains("color-scheme: dark;"), "{style}");
    // What could not be asked for is no style sheet either.
    assert_eq!(portal.get("/portal/theme.css?dark.accent=%23000000").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_theme_the_portal_looks_like_the_console() {
    let world = World::start().await;
    let portal = Portal::open(&world.api, json!({"role": "view"})).await;
    let page = portal.page("/").await;
    assert!(page.contains("<title>Webhooks · Webhooks</title>") && !page.contains("theme.css"), "{page}");
    assert!(!page.contains("Back"), "{page}");
    assert!(!page.contains("Sign out") && !page.contains("API tokens"), "{page}");
    let script = portal.get("/portal/hookstep-portal.js").await;
    assert_eq!(script.headers["content-type"], "text/javascript");
}
