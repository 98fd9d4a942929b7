//! Expressions that no body can make work are refused when they are saved.

use super::*;

#[test]
fn what_can_never_work_is_refused_with_its_place() {
    for (expression, position, code) in [
        ("$contains(a, /[/)", 15, "S0302"),
        ("$contains(a, /(?=x)/)", 15, "S0302"),
        (r"$contains(a, /(a)\1/)", 18, "S0302"),
        ("$match(a, /x{2,1}/i)", 13, "S0302"),
        ("{\"ü\": $replace(a, /(?<!x)y/, '')}", 20, "S0302"),
        ("$nosuch(1)", 1, "T1006"),
        ("a & $nosuch", 0, ""),
        ("a ~> $nosuch", 6, "T1006"),
        ("a ~> $nosuch(1)", 6, "T1006"),
        ("$map(a, $nosuch)", 9, "T1006"),
        ("a ~> $map($nosuch)", 11, "T1006"),
        ("a.$nosuch()", 3, "T1006"),
        ("'$nosuch(1)' & $nosuch(1)", 16, "T1006"),
        ("/* $nosuch(1) */ $nosuch(1)", 18, "T1006"),
        ("$f($x) + 1", 1, "T1006"),
        ("($f := function($x){$g($x)}; $f(1))", 21, "T1006"),
        ("string(a)", 1, "T1005"),
        ("nosuch(a)", 1, "T1006"),
        ("$uppercase(a, b)", 1, "T0410"),
        ("$uppercase(a) & $uppercase(a, b)", 17, "T0410"),
        ("$map(a)", 1, "T0410"),
        ("$millis(1)", 1, "T0410"),
        ("$substring()", 1, "T0410"),
        ("$zip()", 1, "T0410"),
        ("a ~> $uppercase(b)", 6, "T0410"),
        ("items[$sum(a, b) > 1]", 7, "T0410"),
        ("items^($nosuch(a))", 8, "T1006"),
        ("items{$nosuch(a): b}", 7, "T1006"),
        ("a ? $nosuch(1) : 2", 5, "T1006"),
        ("items ~> |a|{'b': $nosuch(1)}|", 19, "T1006"),
        ("[1, {\"a\": -$nosuch(1)}]", 12, "T1006"),
        ("function($x){$nosuch($x)}(1)", 14, "T1006"),
    ] {
        match check(&transform(expression)) {
            Ok(()) => assert_eq!(position, 0, "{expression}"),
            Err(fault) => {
                assert_eq!(fault.position, Some(position), "{expression}: {fault}");
                assert!(fault.reason.starts_with(code), "{expression}: {fault}");
            }
        }
    }
}

#[test]
fn what_can_work_is_not_refused() {
    for expression in [
        "($f := function($x){$x + 1}; $f(1))",
        "($f := function($x){$x <= 1 ? 1 : $x * $f($x - 1)}; $f(5))",
        "function($f){$f(1)}(function($x){$x})",
        "$map(a, function($v, $i, $all){$v})",
        "($sum := function($a, $b){$a + $b}; $sum(1, 2))",
        "($add := $append(?, 1); $add([2]))",
        "($first := $substring(?, 0, 5); a ~> $first)",
        "($up := $trim ~> $uppercase; $up(a))",
        "a.$uppercase()",
        "a ~> $uppercase() ~> $substring(1)",
        "a ~> $substringBefore('@')",
        "items@$i.{\"x\": $i.x}",
        "items#$n[$n < 2]",
        "$zip(a, b, c, d)",
        "$now('[Y]', '+0100')",
        "$each($, function($v, $k){$k})",
        "{\"f\": function(){1}}.f()",
        "/a/('xa').next()",
        r"$match(a, /^(\d{2,4})-[A-Z]+\/x$/i)",
        "$sort(items, function($l, $r){$l.x > $r.x})",
        "$missing",
        "$eval('$nosuch(1)')",
        "a.b.`string(1)`",
        "$$.a & $.b",
    ] {
        assert_eq!(check(&transform(expression)), Ok(()), "{expression}");
    }
}
