# Verdicts as JSON fit the published schema, by a validator of other people: ajv, or where npm is
# not to be had, python3-jsonschema.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
. "$QP_SOURCE/tests/cli/npm.sh"
SCHEMA=$QP_SOURCE/tools/schema/verdict.schema.json

if why=$(npm_checkers); then
    fits() {
        node "$QP_SOURCE/tests/npm/schema.cjs" "$SCHEMA" "$@"
    }
elif python3 -c 'import jsonschema' 2>/dev/null; then
    echo "$why; python3-jsonschema in its place"
    fits() {
        python3 - "$SCHEMA" "$@" <<'END'
import json, sys
from jsonschema import Draft7Validator
schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
validator = Draft7Validator(schema)
lines = [line for name in sys.argv[2:] for line in open(name) if line.strip()]
wrong = [line for line in lines if not validator.is_valid(json.loads(line))]
for line in wrong:
    print(line[:200], file=sys.stderr)
sys.exit(1 if wrong or not lines else 0)
END
    }
else
    echo "skipped: $why, and python3-jsonschema is not there"
    exit 77
fi

season
season_hole
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null
quipu prove ledger cafe-sur/SH-0001 -o sealed.quipu --disclose none >/dev/null
quipu policy new --ledger ledger --assessor geo-andes --registrar registry -o policy.json
jq '.assessors = ["somebody-else"]' policy.json >other.json
jq '.ledger_id = ("0" * 64)' policy.json >forged.json

# Passing, failing, not shown, of an unassessed plot, not authentic.
quipu verify --json shipment.quipu --policy policy.json >pass
quipu verify --json shipment.quipu --policy policy.json --now 2020-01-01 >fail || true
quipu verify --json sealed.quipu --policy policy.json >sealed || true
quipu verify --json shipment.quipu 0009.quipu --policy other.json >bad || true
quipu verify --json shipment.quipu --policy forged.json >forged || true
is "$(jq -r .verdict pass fail sealed bad forged | tr '\n' ' ')" 'PASS FAIL FAIL FAIL FAIL FAIL '
is "$(jq '.contamination.sources | length' bad | tr '\n' ' ')" '1 1 '

# Every line explained, also of what is not authentic.
for line in $(jq -r '.lines[].name' pass); do
    quipu verify --json shipment.quipu --policy policy.json --explain "$line" >one
    [ "$(jq '.explain.events | length' one)" -gt 0 ] || fail "no event carries $line"
    cat one >>explained
done
quipu verify --json shipment.quipu --policy forged.json --explain located >>explained || true

# With what only the library gives.
"$TELL_EVIDENCE" shipment.quipu policy.json >evidence
is "$(jq '.evidence.assessments | length' evidence)" 1
is "$(jq '.evidence.hand_overs[0] | has("received_grams")' evidence)" true
# And with claims that the policy requires.
jq '.require += ["certificate:eu-organic", "footprint"]' policy.json >claims.json
quipu verify --json shipment.quipu --policy claims.json >claims || true
is "$(jq '.claims | length' claims)" 3
jq '.require += ["certificate:eu-organic"] | .ledger_id = ("0" * 64)' policy.json >forged.json
quipu verify --json shipment.quipu --policy forged.json >>claims || true
expect 0 fits pass fail sealed bad forged explained evidence claims

# The schema is exact: what is not in it, is missing, or is of another kind does not fit.
quipu verify --json shipment.quipu --policy other.json --explain unbroken >whole || true
expect 0 fits whole
count=0
for change in '.more = 1' 'del(.lines)' '.lines |= reverse' '.lines[0].result = "MAYBE"' \
    '.lines[3].numbers.bags = 1' '.lines[0].entries.ranges = [[1]]' 'del(.lines[7])' \
    'del(.policy)' 'del(.contamination)' 'del(.claims)' '.claims[0].result = "MAYBE"' \
    '.claims[0].name = "fair"' 'del(.regulation.covered)' '.country_risk[0].level = "odd"' \
    'del(.country_risk)' '.goods.net_grams = "390 kg"' '.ledger_id = "00"' \
    '.contamination.sources[0].cause = "bad luck"' '.contamination.sources[0].path = []' \
    'del(.contamination.touched_grams)' 'del(.explain.events[0].id)' \
    '.explain.events[0].checked = ["nothing"]' '.explain.line = "forest"' \
    '.checkpoint.time = "yesterday"'; do
    jq -c "$change" whole >one
    cmp -s whole one && fail "nothing was changed by $change"
    cat one >>changed
    count=$((count + 1))
done
expect 1 fits changed
is "$(wc -l <err)" $count
