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
        let item = item(&written, due);
        assert_eq!(expiring(&item), Some(written));
        for needed in ["org_id", if redacts { "expires_at" } else { "hours" }] {
            let mut item = item.clone();
            item.remove(needed);
            assert_eq!(expiring(&item), None, "{needed}");
        }
    }
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
