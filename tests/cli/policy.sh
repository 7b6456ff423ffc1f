# Policies: from a ledger, from a bundle, and in words.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season
quipu prove ledger cafe-sur/SH-0001 -o shipment.quipu >/dev/null

expect 0 quipu policy new --ledger ledger --assessor geo-andes --registrar registry -o policy.json
[ ! -s err ] || fail 'words about a policy that is whole'
is "$(jq -r .ledger_id policy.json)" "$(jq -r .ledger_id ledger/ledger.json)"
is "$(jq -r '.log[0]' policy.json)" "log $(jq -r .log_vkey ledger/ledger.json)"
is "$(jq -c '[.policy, .checkpoint_age_days_max, .assessors, .registrars, (.require | length)]' policy.json)" \
    '["quipu/policy/v1",90,["geo-andes"],["registry"],7]'
is "$(jq .assessment_lag_days_max policy.json)" 730
expect 0 quipu policy show policy.json
says '^assessors       geo-andes$' out
says '^checkpoint age  at most 90 days$' out
says '^assessment lag  at most 730 days$' out

# From a bundle it is the same, but the reader is told to compare.
expect 0 quipu policy new --bundle shipment.quipu --assessor geo-andes --registrar registry
cmp -s out policy.json || fail "the bundle says something else than its ledger"
says 'come from the bundle itself' err
says "$(jq -r .ledger_id ledger/ledger.json)" err
says 'compare both with what the operator' err

expect 0 quipu policy new --ledger ledger --preset provenance --max-age 7 --name importer
is "$(jq -c '[.name, .checkpoint_age_days_max, .require]' out)" \
    '["importer",7,["authentic","authorised","unbroken","conserved"]]'
expect 0 quipu policy new --ledger ledger
says 'no --assessor is named' err
is "$(jq 'has("registrars")' out)" false

expect 2 quipu policy new
expect 2 quipu policy new --ledger ledger --bundle shipment.quipu
expect 2 quipu policy new --ledger ledger --preset eudr
says 'eudr-2026 and provenance' err
expect 2 quipu policy new --ledger ledger --assessor 'Geo Andes'
expect 2 quipu policy new --ledger ledger --max-age 0
expect 3 quipu policy new --bundle rules.qst
expect 3 quipu policy show shipment.quipu
expect 3 quipu policy show ledger/ledger.json
jq '.requires = []' policy.json >wrong.json
expect 3 quipu policy show wrong.json
says '"requires" is not a known name' err
