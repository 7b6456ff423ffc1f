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
says '^certifiers      none: no certificate counts$' out
says '^footprint       no limit$' out
says '^legality        land_use, environment, forest, third_parties, labour,$' out
if grep -v '^log key' out | grep -n '.\{81\}'; then
    fail 'wider than 80 columns'
fi

# From a bundle it is the same, but the reader is told to compare.
expect 0 quipu policy new --bundle shipment.quipu --assessor geo-andes --registrar registry
cmp -s out policy.json || fail "the bundle says something else than its ledger"
says 'come from the bundle itself' err
says "$(jq -r .ledger_id ledger/ledger.json)" err
says 'compare both with what the operator' err

expect 0 quipu policy new --ledger ledger --preset provenance --max-age 7 --name importer
is "$(jq -c '[.name, .checkpoint_age_days_max, .require]' out)" \
    '["importer",7,["authentic","authorised","unbroken","conserved","current"]]'
is "$(jq -c '[has("cut_off"), has("assessment_lag_days_max"), .legal.heads]' out)" '[false,false,[]]'
expect 0 quipu policy new --ledger ledger
says 'no --assessor is named' err
is "$(jq 'has("registrars")' out)" false

# From what the operator publishes, with no ledger at hand.
cp ledger/ledger.json published.json
expect 0 quipu policy new --ledger published.json --assessor geo-andes --registrar registry
cmp -s out policy.json || fail "ledger.json says something else than its ledger"
[ ! -s err ] || fail 'words about a policy that is whole'
for member in ledger_id origin log_vkey; do
    jq "del(.$member)" published.json >less.json
    expect 3 quipu policy new --ledger less.json
    says "less.json: there is no \"$member\" in it" err
done
jq '.origin = "other.example/2026"' published.json >other.json
expect 3 quipu policy new --ledger other.json
says 'is the key of ledger.example/2026, not of the "origin", other.example/2026' err
jq '.log_vkey += "A"' published.json >other.json
expect 3 quipu policy new --ledger other.json
expect 1 quipu policy new --ledger nowhere
expect 2 quipu policy new --ledger published.json -o published.json

# Who is named in vain is told; the policy is written all the same.
for source in '--ledger ledger' '--bundle shipment.quipu'; do
    # shellcheck disable=SC2086 # an option and its value
    expect 0 quipu policy new $source --assessor geo-andes --assessor geo-andez \
        --registrar registry --registrar coop-norte -o named.json
    says '^quipu: --assessor geo-andez: no such party is enrolled in ' err
    says '^quipu: --registrar coop-norte: the party has not the role of registrar in ' err
    says_not 'assessor geo-andes:' err
    says_not 'registrar registry:' err
    is "$(jq -c .assessors named.json)" '["geo-andes","geo-andez"]'
done

# For programs.
expect 0 quipu policy new --ledger ledger --assessor geo-andes --registrar registry --json
is "$(wc -l <out)" 1
is "$(jq -cS . out)" "$(jq -cS . policy.json)"
expect 0 quipu policy new --ledger ledger --assessor geo-andes --json -o named.json
is "$(jq -r '[.file, .name, .ledger_id, .log_key] | join(" ")' out)" \
    "named.json eudr-2026 $(jq -r '.ledger_id + " " + .log_vkey' ledger/ledger.json)"
expect 0 quipu policy show --json policy.json
is "$(wc -l <out)" 1
is "$(jq -cS . out)" "$(jq -cS . policy.json)"
expect 3 quipu policy show --json shipment.quipu
is_json err

# Claims: whose certificates count, and what of them must pass.
expect 0 quipu policy new --ledger ledger --preset provenance --certifier certi-andes \
    --require certificate:eu-organic --require footprint --footprint-max 1500 -o claims.json
says '^quipu: --certifier certi-andes: no such party is enrolled in the ledger$' err
is "$(jq -c '[.certifiers, .require[5:], .footprint_max_g_per_kg]' claims.json)" \
    '[["certi-andes"],["certificate:eu-organic","footprint"],1500]'
jq '.certifiers += [{party: "otra", schemes: ["fairtrade", "spp"]}]' claims.json >more.json
expect 0 quipu policy show more.json
says '^certifiers      certi-andes$' out
says '^                otra, for fairtrade and spp$' out
says '^footprint       at most 1500 g CO2e per kg at the container$' out
says '^                certificate:eu-organic, footprint$' out
expect 0 quipu policy new --ledger ledger --assessor geo-andes --require certificate:eu-organic
says 'no --certifier is named' err
expect 3 quipu policy new --ledger ledger --require organic
says '"organic" is neither a line nor a claim; there are authentic, .* certificate:SCHEME' err
expect 3 quipu policy new --ledger ledger --require 'certificate:eu organic'
for wrong in '.certifiers = [{party: "otra", schemes: []}]' '.footprint_max_g_per_kg = -1' \
    '.certifiers = [{party: "otra", datasets: ["x"]}]' '.registrars = [{party: "x", schemes: ["y"]}]' \
    '.footprint_max_g_per_kg = 1.5'; do
    jq "$wrong" policy.json >wrong.json
    expect 3 quipu policy show wrong.json
done

expect 2 quipu policy new
expect 2 quipu policy new --ledger ledger --bundle shipment.quipu
expect 2 quipu policy new --ledger ledger --preset eudr
says 'there is no preset "eudr"; there are eudr-2026 (.*), provenance (.*)$' err
expect 2 quipu policy new --ledger ledger --certifier 'Certi Andes'
expect 2 quipu policy new --ledger ledger --assessor 'Geo Andes'
expect 2 quipu policy new --ledger ledger --max-age 0
expect 3 quipu policy new --bundle rules.qst
expect 3 quipu policy show shipment.quipu
expect 3 quipu policy show ledger/ledger.json
jq '.requires = []' policy.json >wrong.json
expect 3 quipu policy show wrong.json
says '"requires" is not a known name' err
