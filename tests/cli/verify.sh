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
is "$(tail -n 1 out)" 'VERDICT: PASS'
says '^shipment    cafe-sur/SH-0001$' out
says '^goods       coffee, HS 090111, 390 kg net$' out
says '^container   QPZU2041180$' out
says '^conserved           PASS       500 kg harvested, 390 kg shipped, 2 lots,$' out
says '^located             PASS       1 plot, 1 disclosed, 0.56 ha$' out
says '^legal               NOT SHOWN  ' out
if grep -n '.\{81\}' out; then
    fail 'wider than 80 columns'
fi
is "$(grep -c '^[a-z-]*  *\(PASS\|FAIL\|NOT SHOWN\)' out)" 8

expect 0 quipu verify --json shipment.quipu --policy policy.json
is "$(wc -l <out)" 1
is "$(jq -r .verdict out)" PASS
is "$(jq -r '[.lines[].name] | join(" ")' out)" \
    'authentic authorised unbroken conserved located deforestation-free legal current'
is "$(jq -r '.lines | all(has("result") and has("required") and has("numbers") and has("reasons"))' out)" true

# The time counts.
expect 1 quipu verify shipment.quipu --policy policy.json --now 2027-12-31
is "$(tail -n 1 out)" 'VERDICT: FAIL (required: current)'
says '^current             FAIL ' out
expect 1 quipu verify shipment.quipu --policy policy.json --now 2020-01-01

# What is not shown does not pass where it is required; several bundles pass together or not.
expect 1 quipu verify shipment.quipu sealed.quipu --policy policy.json
is "$(tail -n 1 out)" 'VERDICT: FAIL (required: located)'
says '^VERDICT: PASS$' out
says 'the geometry of plot coop-norte/C-0001 is not disclosed' out
jq '.require -= ["located"]' policy.json >lenient.json
expect 0 quipu verify sealed.quipu --policy lenient.json
says '^located             NOT SHOWN  .*(not required)$' out

# Whom the policy does not trust does not count.
jq '.assessors = ["somebody-else"]' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
is "$(tail -n 1 out)" 'VERDICT: FAIL (required: deforestation-free)'
jq '.registrars = ["somebody-else"]' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
says '^authorised          FAIL ' out
jq '.ledger_id = ("0" * 64)' policy.json >other.json
expect 1 quipu verify shipment.quipu --policy other.json
says '^authentic           FAIL' out

# A changed byte, a cut, a byte more.
{ head -c 3000 shipment.quipu; printf '\377'; tail -c +3002 shipment.quipu; } >changed.quipu
got=0
quipu verify changed.quipu --policy policy.json >out 2>err || got=$?
case $got in
1) says '^VERDICT: FAIL (required: authentic, ' out ;;
3) says '^quipu: changed.quipu: ' err ;;
*) fail "status $got for a changed bundle" ;;
esac
head -c 3000 shipment.quipu >cut.quipu
expect 3 quipu verify cut.quipu --policy policy.json
{ cat shipment.quipu; echo; } >longer.quipu
expect 3 quipu verify longer.quipu --policy policy.json

# Files that are something else. The others are judged all the same.
expect 3 quipu verify rules.qst shipment.quipu --policy policy.json
says '^quipu: rules.qst: ' err
says '^VERDICT: PASS$' out
expect 3 quipu verify shipment.quipu --policy shipment.quipu
expect 4 quipu verify nowhere.quipu --policy policy.json
expect 2 quipu verify shipment.quipu
says '\-\-policy FILE is missing' err
expect 2 quipu verify shipment.quipu --policy policy.json --now yesterday
expect 3 quipu verify --json rules.qst --policy policy.json
is_json err
is "$(jq -r .error err)" input

# From a pipe.
quipu verify - --policy policy.json <shipment.quipu >out || fail 'a bundle on stdin'
