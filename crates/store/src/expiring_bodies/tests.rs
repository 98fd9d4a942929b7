use super::*;

const ID: &str = "0190a000-0000-7000-8000-00000000000a";

#[test]
fn what_an_item_says_is_read_as_it_was_written() {
    let shared = [
        None,
        Some(SharedBody::Claim(format!("claims/acme/{ID}/{ID}"))),
        Some(SharedBody::Publication(ID.parse().unwrap())),
    ];
    for (shared, (hours, redacts)) in shared
        .iter()
        .flat_map(|shared| [(Some(3), false), (None, true), (Some(2), true)].map(|rest| (shared, rest)))
    {
        let written = Expiring {
            org_id: "acme".parse().unwrap(),
            config_id: ID.parse().unwrap(),
            event_id: ID.parse().unwrap(),
            shared: shared.clone(),
            hours,
            redacts,
            expires_at: 7,
        };
        let due = "2026-01-02T03:04:05.678Z".parse().unwrap();
        assert_eq!(sort_key(&written, due), format!("2026-01-02T03:05:00.000Z#{ID}#{ID}"));
        let mut item = item(&written, due);
        assert_eq!(expiring(&item), Some(written));
        item.remove("org_id");
        assert_eq!(expiring(&item), None);
    }
}

#[test]
fn an_item_of_before_items_had_hours_has_the_fewest() {
    let item = Item::from([
        ("sk".to_owned(), s(format!("2026-01-02T03:05:00.000Z#{ID}#{ID}"))),
        ("org_id".to_owned(), s("acme")),
        ("expires_at".to_owned(), n(7)),
    ]);
    let read = expiring(&item).unwrap();
    assert_eq!((read.hours, read.redacts, read.kept_for().as_secs()), (Some(1), false, 3600));
}

#[test]
fn what_is_shared_says_when_it_was_made() {
    let id: EventId = ID.parse().unwrap();
    for (shared, made_at, publication_id) in [
        (SharedBody::Claim(format!("claims/acme/{ID}/{ID}")), Some(id.accepted_at()), None),
        (SharedBody::Claim(format!("claims/acme/publications/{ID}")), Some(id.accepted_at()), Some(id)),
        (SharedBody::Claim("claims/acme/x".to_owned()), None, None),
        (SharedBody::Publication(id), Some(id.accepted_at()), Some(id)),
    ] {
        assert_eq!((shared.made_at(), shared.publication_id()), (made_at, publication_id), "{shared}");
    }
}
