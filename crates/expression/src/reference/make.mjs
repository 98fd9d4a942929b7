// Writes table.json: what the reference implementation of JSONata makes of these expressions. A test compares
// our evaluation with it. To renew the table:
//   npm install --no-save jsonata@2.2.2 && TZ=UTC node make.mjs
import fs from "node:fs";
import jsonata from "jsonata";

const body = {n:1, s:"a b", arr:[3,1,2], empty:[], obj:{a:1,b:2}, t:1769860800000.1, items:[{sku:"a",price:1.5,qty:2},{sku:"b",price:2,qty:1},{sku:"a",price:3,qty:1}], nul:null, big:9007199254740993, u:"https://x.y/ä b?q=1&r=[2]#f%20", txt:"a-b_c.d!e~f*g'h(i)j", em:"héllo 😀 wörld", iso:"2026-06-01T00:00:00+0000", nested:{x:[{y:1},{y:[2,3]}]}, yes:true};
const expressions = (String.raw`
$encodeUrl("a b")
$encodeUrl(u)
$encodeUrl("<>\"\\^{}|%[]` + "`" + String.raw`")
u.$encodeUrl()
$encodeUrlComponent(u)
$encodeUrlComponent(txt)
$encodeUrlComponent(em)
txt.$encodeUrlComponent()
txt ~> $encodeUrlComponent
$map([txt, s], $encodeUrlComponent)
$map([u, s], $encodeUrl)
$decodeUrl("a%20b%C3%A4")
$decodeUrl("a%2Fb%3Fc")
$decodeUrl("%")
$decodeUrlComponent("a%2Fb+c")
$decodeUrlComponent("%zz")
$fromMillis(t)
$fromMillis(1769860800000)
$fromMillis(1769860800999.9)
$fromMillis(-1.5)
t.$fromMillis()
$fromMillis(t, "[Y0001]-[M01]-[D01]")
t.$fromMillis("[Y]")
t ~> $fromMillis
$map([t, 1000], $fromMillis)
$map([t, 1000], function($v){$fromMillis($v)})
$fromMillis(1769860800000, "[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01][Z]", "+0100")
$fromMillis(1769860800000, "[FNn], [D1o] [MNn] [Y]")
$fromMillis(1769860800000, "[h]:[m01] [P]")
$fromMillis(1769860800000, "[d001] [W01] [f001]")
$fromMillis(8.64e15)
$fromMillis(8.65e15)
$fromMillis(1e300)
$toMillis("2026-06-01T00:00:00+0000")
$toMillis("2026-06-01T00:00:00Z")
$toMillis("2026-06-01T00:00:00.123456Z")
$toMillis("2026-06-01")
$toMillis("2026-06")
$toMillis("2026")
$toMillis("2026-06-01T00:00:00+02:00")
$toMillis("2026-06-01T00:00+02:00")
$toMillis("2026-06-01T00:00:00")
$toMillis("01/06/2026", "[D01]/[M01]/[Y0001]")
$toMillis("nonsense")
$type($random())
$random() < 1 and $random() >= 0
$reduce([], function($a,$b){$a+$b})
$reduce(empty, function($a,$b){$a+$b})
$reduce([], function($a,$b){$a+$b}, 0)
$reduce(missing, function($a,$b){$a+$b})
$reduce(missing, function($a,$b){$a+$b}, 7)
$reduce(nul, function($a,$b){$a+$b})
$reduce([5], function($a,$b){$a+$b})
$reduce(arr, function($a,$b){$a+$b})
$reduce(arr, function($a,$b){$a+$b}, 10)
$reduce(arr, function($a,$b,$i){$a+$i})
{"sum": $reduce(empty, function($a,$b){$a+$b})}
empty ~> $reduce(function($a,$b){$a+$b})
$sum([])
$sum(empty)
$sum(missing)
$max([])
$min([])
$average([])
$average(arr)
$count(missing)
$count([])
$count(nul)
$string(1e21)
$string(1e20)
$string(0.1+0.2)
$string(1/3)
$string(100000000000000000000)
$string(1e-7)
$string(123456789012345678)
$string([1,2,{"a":null}])
$string(obj, true)
$string(nul)
$string(missing)
1/0
-1/0
0/0
1e308*10
$power(10, 400)
$sqrt(-1)
5 % 3
-5 % 3
5.5 % 2
$round(2.5)
$round(3.5)
$round(-2.5)
$round(1.005, 2)
$round(12345, -2)
$floor(-1.5)
$ceil(-1.5)
$abs(-0)
$number("0x10")
$number("1e3")
$number(" 1")
$number("")
$number("1_000")
$number(true)
$number("abc")
$number(nul)
$formatNumber(1234.5678, "#,##0.00")
$formatNumber(0.14, "01%")
$formatNumber(1e10, "#,##0")
$formatNumber(-5, "0;(0)")
$formatNumber(1234.5678, "0.0e0")
$formatBase(255, 16)
$formatBase(-255.5, 2)
$formatBase(1, 37)
$formatInteger(2026, "I")
$formatInteger(21, "w")
$formatInteger(1234567, "#,##0")
$parseInteger("twelve thousand four hundred and seventy-six", "w")
$parseInteger("MMXXVI", "I")
$split("a, b,c", /, ?/)
$split("", "")
$split("abc", "")
$split("a b c", " ", 2)
$split("a1b2", /[0-9]/)
$join(["a","b"], "-")
$join([], "-")
$join("a")
$join(missing)
$match("abcabc", /b(c)/)
$match("x", /y/)
$match("abab", /ab/, 1)
$replace("abc", "b", "x")
$replace("aXbX", /X/, "-", 1)
$replace("John Smith", /(\w+)\s(\w+)/, "$2, $1")
$replace("a.b", ".", "")
$replace("265USD", /([0-9]+)USD/, "$$$1")
$replace("abc", /B/i, "x")
$contains("abc", /b/)
$contains("abc", "b")
$pad("a", 5)
$pad("a", -5, "#")
$pad(em, -20, "*")
$substring("hello", 1, 3)
$substring("hello", -3)
$substring("hello", -3, 2)
$substring(em, 6, 2)
$length(em)
$length("")
$substringBefore("a-b-c", "-")
$substringAfter("a-b-c", "-")
$substringAfter("abc", "x")
$substringBefore("abc", "x")
$trim("  a \n b  ")
$uppercase("straße")
$lowercase("İ")
$base64encode("abc")
$base64encode("ä")
$base64decode("YWJj")
$base64decode("w6Q=")
$keys(obj)
$keys(items)
$keys({})
$keys([])
$lookup(obj, "a")
$lookup(items, "sku")
$spread(obj)
$spread(items)
$merge([{"a":1},{"b":2},{"a":3}])
$merge([])
$each(obj, function($v,$k){$k & "=" & $v})
$sift(obj, function($v){$v>1})
$sift(obj, function($v){$v>5})
$filter(arr, function($v){$v>1})
$filter(arr, function($v){$v>5})
$filter([], function($v){$v>5})
$map([], function($v){$v})
$map(arr, function($v,$i){$i})
$map(5, function($v){$v})
$single(arr, function($v){$v=3})
$single(arr, function($v){$v>1})
$single([], function($v){$v=1})
$single(missing, function($v){$v=1})
$sort(arr)
$sort(["b","a"])
$sort([])
$sort([1,"a"])
$sort(items, function($l,$r){$l.price < $r.price})
items^(price).sku
items^(>price, sku).sku
$reverse(arr)
$reverse([])
$distinct([1,1,"1",1.0])
$distinct(items.sku)
$zip([1,2],[3,4,5])
$append([1],2)
$append(1,missing)
$append(missing,missing)
$exists(missing)
$exists(nul)
$type(nul)
$type(missing)
$type($sum)
$boolean("")
$boolean("false")
$boolean([0])
$boolean([])
$boolean({})
$boolean(0)
$boolean($sum)
$not(missing)
$eval("1+1")
$eval("$")
$eval("1+")
$error("x")
$assert(false, "msg")
$assert(true)
items[sku="a"].price
items[0].sku
items[-1].sku
items[[0..1]].sku
items.price
items{sku: $sum(price)}
items{sku: price}
items.{"s": sku, "t": price*qty}
$sum(items.(price*qty))
[1..3]
[3..1]
[1..3, 7]
[1.5..3]
"a" & 1 & true & null & missing
1 = 1.0
"1" = 1
null = null
missing = missing
missing != 1
[1] = 1
[1,2] = [1,2]
{"a":1} = {"a":1}
1 < "a"
missing < 1
"a" < "b"
"a" in ["a","b"]
1 in missing
yes ? "y" : "n"
missing ? "y" : "n"
missing ?: "d"
nul ?? "d"
missing ?? "d"
0 ?: "d"
nested.x.y
nested.**.y
*.sku
**
nested.x[y=1]
nested.x.y[0]
(nested.x.y)[0]
($a := 1; $b := 2; $a+$b)
($f := function($x){$x <= 1 ? 1 : $x * $f($x-1)}; $f(10))
($f := function($x)<n:n>{$x}; $f("a"))
function($x){$x}(3)
$sum ~> $string
("a" ~> $uppercase ~> $lowercase)
items ~> |$|{"z": 1}|
obj ~> |$|{"z": 1}, ["a"]|
$.n
$$.n
items.sku.%.price
items@$i.sku
items#$i.$i
n + missing
n + nul
n + "1"
-nul
-missing
big
big + 1
big = 9007199254740992
$string(big)
[n, missing, nul]
{"a": missing, "b": nul}
{"a": [missing]}
items[price > 1.5 and qty = 1].sku
items[price > 1.5 or qty = 2].sku
items.sku[0]
items[0]
items[5]
arr[$ > 1]
$shuffle([1])
$count($shuffle(arr))
$millis() > 0
$type($now())
$now("[Y0001]") > "2000"
"\u00e4"
"\uD83D\uDE00"
$length("\uD83D\uDE00")
em.$length()
s.$uppercase()
items.sku.$uppercase()
(1;2;3)
()
/ab/i("xAB").match
[[1,2],[3]].$sum($)
[[1,2],[3]]
[1,[2,[3]]]
$flatten([1])
items.*
obj.*
$keys(obj).($lookup($$.obj, $))
$count(items[sku="zzz"])
[items[sku="zzz"]]
items[sku="zzz"].price
items[].sku
obj[].a
$parseInteger("12x", "0")
$formatInteger(1e15, "w")
$formatNumber(12, "abc")
$fromMillis(0, "[Q]")
$toMillis("x", "[")
`).split("\n").filter((line) => line.trim());

const table = [];
for (const expression of expressions) {
  try {
    const value = await jsonata(expression).evaluate(structuredClone(body));
    const isFunction = typeof value === "function" || value?._jsonata_function || value?._jsonata_lambda;
    table.push({ expression, ...(value === undefined || isFunction ? { nothing: true } : { json: JSON.stringify(value) }) });
  } catch (error) {
    table.push({ expression, code: error.code ?? null });
  }
}
fs.writeFileSync("table.json", `${JSON.stringify({ body, table }, null, 1)}\n`);
