# Verdicts: PASS only for what is true and satisfies the policy, from one file, offline.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null
quipu prove ledger cafe-sur/SH-0001 -o sealed.quipu --disclose none >/dev/null
quipu policy new --ledger ledger --assessor geo-andes --registrar registry -o policy.json
mkdir desk
mv shipment.quipu sealed.quipu policy.json rules.qst desk
mv ledger elsewhere # the importer has nothing but these files
cd desk || exit

expect 0 quipu verify shipment.quipu --policy policy.json
is "$(tail -n 1 out)" 'VERDICT: PASS (not asked for by this policy: legal NOT SHOWN)'
says '^policy      eudr-2026$' out
says '^assessed by geo-andes$' out
says '^shipment    cafe-sur/SH-0001$' out
says '^goods       coffee, HS 090111, 390 kg net$' out
says '^container   QPZU2041180$' out
says '^conserved           PASS       500 kg harvested, 390 kg shipped, 2 lots,$' out
says '^located             PASS       1 plot, 1 disclosed, 0.56 ha$' out
says '^legal               NOT SHOWN  ' out
if grep -n '.\{81\}' out; then
    fail 'wider than 80 columns'
fi
is "$(sed '/^circular/,$d' out | grep -c '^[a-z-]*  *\(PASS\|FAIL\|NOT SHOWN\)')" 8
says '^regulation  covers HS 0901 (from 2023-06-29); applies to large-and-medium from$' out
says '^risk        PE standard$' out
# Beyond the lines, and only what something is shown of.
says '^circular            NOT SHOWN  98 kg by product, 0 kg waste, 0 kg used,$' out
says_not '^footprint' out

expect 0 quipu verify --json shipment.quipu --policy policy.json
is "$(wc -l <out)" 1
is "$(jq -r .verdict out)" PASS
is "$(jq -r '[.lines[].name] | join(" ")' out)" \
    'authentic authorised unbroken conserved located deforestation-free legal current'
is "$(jq -r '.lines | all(has("result") and has("required") and has("numbers") and has("reasons"))' out)" true
is "$(jq -c '[.policy, .assessed_by]' out)" '["eudr-2026",["geo-andes"]]'
is "$(jq -c '[.claims[] | [.name, .result, .required]]' out)" \
    '[["footprint","NOT SHOWN",false],["circular","NOT SHOWN",false]]'
is "$(jq -c '[.regulation.covered, .regulation.heading, .country_risk[0].level]' out)" \
    '[true,"0901","standard"]'

# A claim that the policy requires counts.
jq '.require += ["footprint", "certificate:eu-organic"]' policy.json >claims.json
expect 1 quipu verify shipment.quipu --policy claims.json
says '^VERDICT: FAIL (required: certificate:eu-organic, footprint)$' out
says '^    no footprint is recorded on the way of the goods$' out
tr -s ' \n' ' ' <out >words
says 'harvest of lot coop-norte/E-0001 by coop-norte on 2026-06-05: no certificate of eu-organic is shown that coop-norte holds' words

# The time counts.
expect 1 quipu verify shipment.quipu --policy policy.json --now 2027-12-31
is "$(tail -n 1 out)" 'VERDICT: FAIL (required: current)'
says '^current             FAIL ' out
expect 1 quipu verify shipment.quipu --policy policy.json --now 2020-01-01

# What is not shown does not pass where it is required; several bundles pass together or not.
expect 1 quipu verify shipment.quipu sealed.quipu --policy policy.json
is "$(tail -n 1 out)" 'VERDICT: FAIL (required: located)'
says '^VERDICT: PASS' out
says 'the geometry of plot coop-norte/C-0001 is not disclosed' out
jq '.require -= ["located"]' policy.json >lenient.json
expect 0 quipu verify sealed.quipu --policy lenient.json
says '^located             NOT SHOWN  .*(not required)$' out
says '^VERDICT: PASS (not asked for by this policy: located NOT SHOWN, legal NOT SHOWN)$' out

# Whom the policy does not trust does not count.
jq '.assessors = ["somebody-else"]' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
is "$(tail -n 1 out)" 'VERDICT: FAIL (required: deforestation-free)'
says '^assessed by nobody whom the policy trusts for that$' out
jq '.registrars = ["somebody-else"]' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
says '^authorised          FAIL ' out
jq '.ledger_id = ("0" * 64)' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
says '^authentic           FAIL' out

# Of another ledger: that is said, and nothing besides.
quipu key new other.key --name other.example/2026 --no-passphrase >/dev/null
jq --arg log "log $(cat other.vkey)" '.ledger_id = ("0" * 64) | .log[0] = $log' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
tr -s ' \n' ' ' <out >words
says "this bundle is of ledger ledger.example/2026 (id $(jq -r .ledger_id policy.json)); the policy trusts other.example/2026 (id 0*) all others NOT SHOWN not judged VERDICT: FAIL (required: authentic, " words
says_not 'signatures' out
expect 1 quipu verify --json shipment.quipu --policy other.json
is "$(jq -c '[.lines[] | .reasons | length]' out)" '[1,1,1,1,1,1,1,1]'
says 'this bundle is of ledger ledger.example/2026' out
# Of this one by another log: the library's own reason, its subject named once.
jq --arg log "log $(cat other.vkey)" '.log[0] = $log' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
says '^    checkpoint: none of the note' out

# A changed byte, a cut, a byte more.
{ head -c 3000 shipment.quipu; printf '\377'; tail -c +3002 shipment.quipu; } >changed.quipu
got=0
quipu verify changed.quipu --policy policy.json >out 2>err || got=$?
case $got in
1) says '^VERDICT: FAIL (required: authentic, ' out ;;
3) says '^quipu: changed.quipu: ' err ;;
*) fail "status $got for a changed bundle" ;;
esac
for size in 0 5 100 3000; do
    head -c $size shipment.quipu >cut.quipu
    expect 3 quipu verify cut.quipu --policy policy.json
    says '^quipu: cut.quipu: .*; the file is cut off or damaged: ask for it again$' err
done
expect 3 quipu export cut.quipu --policy policy.json --format traces-geojson
says 'ask for it again' err
expect 3 quipu policy new --bundle cut.quipu
says 'ask for it again' err
{ cat shipment.quipu; echo; } >longer.quipu
expect 3 quipu verify longer.quipu --policy policy.json

# Files that are something else. The others are judged all the same.
expect 3 quipu verify rules.qst shipment.quipu --policy policy.json
says '^quipu: rules.qst: ' err
says_not 'ask for it again' err
says '^VERDICT: PASS' out
expect 3 quipu verify shipment.quipu --policy shipment.quipu
expect 4 quipu verify nowhere.quipu --policy policy.json
expect 2 quipu verify shipment.quipu
says '\-\-policy FILE is missing' err
expect 2 quipu verify shipment.quipu --policy policy.json --now yesterday
expect 3 quipu verify --json rules.qst --policy policy.json
is_json err
is "$(jq -r .error err)" input

# Contamination: the source, its way to the shipment with the containers, and how much it is.
jq '.assessors = ["somebody-else"]' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
says '^contamination       in 390 kg of the 390 kg shipped, by what they were made of:$' out
tr -s ' \n' ' ' <out >words
says 'plot coop-norte/C-0001 (NOT SHOWN: no assessment by an assessor whom the policy trusts) -> lot coop-norte/E-0001 -> lot cafe-sur/V-0001 -> shipment cafe-sur/SH-0001 in QPZU2041180: 390 kg of 390 kg' words
if grep -n '.\{81\}' out; then
    fail 'wider than 80 columns'
fi
expect 0 quipu verify shipment.quipu --policy policy.json
says_not '^contamination' out

# One line walked down to its events, keys and hashes.
expect 0 quipu verify shipment.quipu --policy policy.json --explain unbroken
is "$(tail -n 1 out)" 'VERDICT: PASS (not asked for by this policy: legal NOT SHOWN)'
says '^unbroken: PASS, carried by 3 entries$' out
is "$(grep -c '^entry [0-9]*, event ' out)" 5
says '^entry 12, event 0: lot_received, 2026-06-22T00:00:00Z$' out
says '^  says      received lot coop-norte/E-0001 from coop-norte and weighed 499.5 kg$' out
says "^  gives     the taker's side of a hand-over$" out
says '^  issuer    cafe-sur, statement 0 of the key$' out
says "^  key       $(quipu key show --json ../exporter.key | jq -r .public_key)\$" out
says '^  event id  [0-9a-f]\{64\}$' out
says '^  leaf hash [0-9a-f]\{64\}$' out
says '^  checked   signature; event under its statement; entry under the checkpoint$' out
if grep -n '.\{81\}' out; then
    fail 'wider than 80 columns'
fi
expect 0 quipu verify shipment.quipu --policy policy.json --explain authentic --limit 2
is "$(grep -c '^entry [0-9]*' out)" 2
says '^and 15 more; --limit 0 shows all$' out
expect 1 quipu verify shipment.quipu --policy other.json --explain deforestation-free
says '^deforestation-free: NOT SHOWN, carried by 1 entry$' out
says '^  NOT SHOWN of plot coop-norte/C-0001; does not count: ' out
expect 1 quipu verify shipment.quipu --policy policy.json --now 2027-12-31 --explain current
says '^  FAILS     in the newest entry of the checkpoint, admitted' out
expect 0 quipu verify --json shipment.quipu --policy policy.json --explain located
is "$(jq -c '[.explain.line, .explain.more, (.explain.events[] | .kind)]' out)" \
    '["located",0,"producer_registered","plot_registered"]'
expect 0 quipu verify --json shipment.quipu --policy policy.json --explain located --limit 1
is "$(jq -c '[.explain.more, (.explain.events | length)]' out)" '[1,1]'
# Its entries are among those of the line.
is "$(jq -c '.explain.events[0].entry as $at | [.lines[] | select(.name == "located") |
    .entries.ranges[] | select(.[0] <= $at and $at <= .[1])] | length' out)" 1
expect 2 quipu verify nowhere.quipu --policy nowhere.json --explain forest
says 'explain: "forest" is not a line of the verdict; there are authentic, .*, current$' err
expect 2 quipu verify shipment.quipu --policy policy.json --limit 3

# From a pipe.
quipu verify - --policy policy.json <shipment.quipu >out || fail 'a bundle on stdin'

# Many bundles: a verdict for each, one object a line, and one that fails makes it a no. What they
# share is checked once, and is no less wrong for it.
cp shipment.quipu again.quipu
expect 0 quipu verify --json shipment.quipu again.quipu --policy policy.json
is "$(jq -r .verdict out | tr '\n' ' ')" 'PASS PASS '
quipu verify --json shipment.quipu changed.quipu again.quipu --policy policy.json >out 2>err &&
    fail 'a changed bundle passes beside a sound one'
is "$(jq -r 'select(.verdict == "PASS") | .verdict' out | tr '\n' ' ')" 'PASS PASS '

# As many threads as one likes, and the same answer.
for threads in 1 3 16; do
    expect 0 quipu verify --json --threads $threads shipment.quipu --policy policy.json
    cp out with."$threads"
    cmp with.1 with."$threads" || fail "another verdict by $threads threads"
done
expect 2 quipu verify --threads 17 shipment.quipu --policy policy.json
