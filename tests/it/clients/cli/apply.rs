//! `hookstep config apply`.

use serde_json::{Value, json};

use super::{Ended, ended, file, hookstep};
use crate::world::{Dir, World};

const SECRET: &str = "hush-hush-4711";

async fn apply(world: &World, path: &str, args: &[&str]) -> Ended {
    let mut command = hookstep(world, &["config", "apply", "-f", path]);
    ended(command.args(args).env("SECRET", SECRET)).await
}

async fn webhooks(world: &World) -> Vec<Value> {
    world.api.get("/webhook").await.json()["data"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_become_what_the_file_says() {
    let (world, dir) = (World::start().await, Dir::new());
    let other = world.api.create_webhook("http://127.0.0.1:8080/other", json!({"name": "other"})).await;
    let yaml = |url: &str| {
        format!(
            "webhooks:\n  - name: orders\n    url: {url}\n    headers:\n      x-a: one\n    auth:\n      type: basic\n      \
             username: us\n      password: ${{SECRET}}\n  - name: invoices\n    url: http://127.0.0.1:8080/invoices\n"
        )
    };
    let path = file(&dir, "webhooks.yaml", yaml("http://127.0.0.1:8080/one"));
    let dry = apply(&world, &path, &["--dry-run"]).await;
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    assert!(
        dry.stdout.contains("+ orders") && dry.stdout.contains("auth.password: (secret)"),
        "{}",
        dry.stdout
    );
    assert_eq!(webhooks(&world).await.len(), 1);

    let first = apply(&world, &path, &["--show-signing-secrets"]).await;
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    assert_eq!(first.stdout.matches("signing_secret: whsec_").count(), 2, "{}", first.stdout);
    let stored = webhooks(&world).await;
    let orders = stored.iter().find(|webhook| webhook["name"] == "orders").unwrap();
    assert_eq!((&orders["headers"], &orders["auth"]["username"]), (&json!({"x-a": "one"}), &json!("us")));

    let second = apply(&world, &path, &[]).await;
    assert_eq!(second.stdout, "= orders: unchanged\n= invoices: unchanged\n");
    assert_eq!(webhooks(&world).await, stored);

    file(&dir, "webhooks.yaml", yaml("http://127.0.0.1:8080/two").replace("x-a", "x-b"));
    let dry = apply(&world, &path, &["--dry-run"]).await;
    assert_eq!(webhooks(&world).await, stored);
    let third = apply(&world, &path, &[]).await;
    assert_eq!((third.code, &third.stdout), (Some(0), &dry.stdout));
    let id = orders["config_id"].as_str().unwrap();
    for line in [
        format!("~ orders ({id})"),
        r#"    url: "http://127.0.0.1:8080/one" -> "http://127.0.0.1:8080/two""#.to_owned(),
        r#"    headers.x-b: (none) -> "one""#.to_owned(),
        r#"    headers.x-a: "one" -> (none)"#.to_owned(),
    ] {
        assert!(third.stdout.lines().any(|said| said == line), "{line}: {}", third.stdout);
    }
    let changed = world.api.get(&format!("/webhook/{id}")).await.json();
    assert_eq!((&changed["headers"], &changed["auth"]), (&json!({"x-b": "one"}), &orders["auth"]));
    assert!(apply(&world, &path, &[]).await.stdout.starts_with("= orders"));

    let sent = apply(&world, &path, &["--send-secrets"]).await;
    assert!(sent.stdout.contains("~ orders") && sent.stdout.contains("= invoices"), "{}", sent.stdout);
    for said in [dry, first, second, third, sent] {
        assert!(!said.stdout.contains(SECRET) && !said.stderr.contains(SECRET));
    }
    assert_eq!(world.api.get(&format!("/webhook/{other}")).await.json()["name"], "other");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_found_by_its_id_too_and_fields_we_do_not_know_are_passed_on() {
    let (world, dir) = (World::start().await, Dir::new());
    let id = world.api.create_webhook("http://127.0.0.1:8080/", json!({"name": "old"})).await;
    let yaml = format!(
        "webhooks:\n  - config_id: {id}\n    name: new\n    enabled: false\n    timeout_seconds: 7\n"
    );
    let path = file(&dir, "w.yaml", yaml);
    let applied = apply(&world, &path, &[]).await;
    assert_eq!(applied.code, Some(0), "{}", applied.stderr);
    let webhook = world.api.get(&format!("/webhook/{id}")).await.json();
    assert_eq!(
        (&webhook["name"], &webhook["enabled"], &webhook["timeout_seconds"]),
        (&json!("new"), &json!(false), &json!(7))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_is_told_with_its_line() {
    let (world, dir) = (World::start().await, Dir::new());
    let url = "url: http://127.0.0.1:8080/";
    for name in ["twin", "twin"] {
        world.api.create_webhook("http://127.0.0.1:8080/", json!({"name": name})).await;
    }
    for (yaml, line, said) in [
        (format!("webhooks:\n  - name: a\n    {url}\n    colour: red\n"), 4, "colour: unknown field"),
        (
            format!(
                "webhooks:\n  - name: a\n    {url}\n    retry:\n      schedule_seconds:\n        - 5\n        - 0\n"
            ),
            5,
            "retry.schedule_seconds: every pause",
        ),
        (format!("webhooks:\n  - name: a\n    {url}\n    timeout_seconds: ten\n"), 4, "timeout_seconds: "),
        ("webhooks:\n  - name: a\n    url: file:///etc/passwd\n".to_owned(), 3, "url: "),
        (format!("webhooks:\n  - {url}\n"), 2, "must have a name"),
        (format!("webhooks:\n  - name: a\n    {url}\n  - name: a\n    {url}\n"), 4, "two webhooks"),
        ("webhooks:\n  - name: twin\n".to_owned(), 2, "2 webhooks have the name \"twin\""),
        (
            "webhooks:\n  - config_id: 0190a000-0000-7000-8000-00000000000f\n".to_owned(),
            2,
            "no webhook with this",
        ),
        ("hooks: []\n".to_owned(), 1, "unknown field \"hooks\""),
    ] {
        let path = file(&dir, "w.yaml", &yaml);
        let refused = apply(&world, &path, &[]).await;
        assert_eq!(refused.code, Some(4), "{yaml}");
        assert!(refused.stderr.contains(&format!("w.yaml:{line}: ")), "{yaml}: {}", refused.stderr);
        assert!(refused.stderr.contains(said), "{yaml}: {}", refused.stderr);
    }
    for (yaml, said) in
        [("webhooks:\n  - name: ${NOT_SET}\n", "\"NOT_SET\" must be set"), ("webhooks: [\n", "w.yaml: ")]
    {
        let refused = apply(&world, &file(&dir, "w.yaml", yaml), &[]).await;
        assert!(refused.code == Some(4) && refused.stderr.contains(said), "{}", refused.stderr);
    }
    assert_eq!(webhooks(&world).await.len(), 2);
}
