# The rule sets that are shipped can be signed and are admitted, one after the other, as they begin;
# and they know every commodity: what it yields, under which headings it travels, how it is made.
. "$(dirname "$0")/lib.sh"
RULESETS=$QP_SOURCE/tools/rulesets

quipu key new operator.key --name camara --no-passphrase >/dev/null
quipu key new log.key --name rules.example/2026 --no-passphrase >/dev/null
quipu init ledger --origin rules.example/2026 --name Rules --operator camara \
    --legal-name Camara --key operator.key --log-key log.key --at 2026-01-02 >/dev/null

commodities=$(sed -n 's/^  COMMODITY_\([A-Z]*\) = [1-9].*/\1/p' \
    "$QP_SOURCE/proto/quipu/v1/common.proto" | tr '[:upper:]' '[:lower:]')
is "$(echo "$commodities" | wc -l)" 5
for file in "$RULESETS"/*.json; do
    # This day stands in for the day of publication: nothing is admitted from the future.
    jq -c '.occurred = "2026-02-02"' "$file" >rules.json
    expect 0 quipu sign --key operator.key -o rules.qst rules.json
    expect 0 quipu submit ledger --log-key log.key rules.qst
    for commodity in $commodities; do
        for list in yield_caps headings; do
            jq -e --arg c "$commodity" --arg l "$list" \
                '.rule_set_published[$l] | any(.[]; .commodity == $c)' "$file" >/dev/null ||
                fail "$file: $list has nothing for $commodity"
        done
    done
    jq -e '.rule_set_published.yield_caps | all(.warn_grams_per_ha <= .refuse_grams_per_ha)' \
        "$file" >/dev/null || fail "$file: a warning above its refusal"
    jq -e '.rule_set_published.factors | map([.commodity, .from, .to]) |
        length == (unique | length)' "$file" >/dev/null || fail "$file: one pair of forms has two factors"
done
