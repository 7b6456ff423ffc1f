# Bad news: what it touches, and what is tainted by it.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/demo.sh"
cd demo

# tells PARTY JSON: the party signs the event, and the ledger admits it.
tells() {
    printf '%s\n' "$2" | quipu sign --key "$1/$1.key" --ledger ledger.json -o more.qst - >/dev/null
    quipu submit ledger --log-key camara-cafe/log.key more.qst >/dev/null
}

impact() {
    expect 0 quipu impact --json ledger "$@"
}

# A plot where forest was lost reaches lots, and no shipment.
impact selva-central/C-0022
is "$(jq -c '[.thing.kind, (.downstream.shipments | length), (.downstream.buyers | length)]' out)" \
    '["plot",0,0]'
is "$(jq -c '.downstream.plots' out)" '[{"id":"selva-central/C-0022","producer":"selva-central/P-0018","party":"selva-central","loss":true,"withdrawn":false}]'
is "$(jq -c '[.downstream.forms[] | [.form, .lots, .left_grams, .shipped_grams]]' out)" \
    '[["cherry",18,0,0],["parchment",17,1459000,0]]'
is "$(jq -r '.downstream.lots[] | select(.left_grams > 0) | "\(.id) \(.holder)"' out)" \
    'selva-central/VL-2026-01 tostaduria-satipo'
is "$(jq -c '[.upstream.producers[].id]' out)" '["selva-central/P-0018"]'
for shipment in puerto-verde/SH-2026-01 puerto-verde/SH-2026-02; do
    is "$(quipu show --json ledger $shipment | jq -c '[.taint, .notes]')" '[[],[]]'
    expect 0 quipu trace ledger $shipment
    says_not '^tainted by' out
done
expect 0 quipu show ledger selva-central/VL-2026-01
says '^tainted by    plot selva-central/C-0022, where forest was lost (entry [0-9]*)$' out

# In words: a summary first, tables within 80 columns, long ones cut.
expect 0 quipu impact ledger selva-central/C-0022
is "$(sed -n 1,3p out | tr -s ' ' | tr '\n' '|')" \
    'impact of plot selva-central/C-0022|touches 1 plot, 35 lots|comes from 1 producer|'
says '^and 15 more; --limit 0 shows all$' out
expect 0 quipu impact ledger selva-central/C-0022 --limit 0
says_not ' more; ' out
is "$(grep -c '  held$' out)" 35
expect 0 quipu impact ledger alto-mayo --limit 5
if grep -n '.\{81\}' out; then
    fail 'wider than 80 columns'
fi
expect 0 quipu impact ledger selva-central/C-0022 --downstream
says_not '^FROM' out
says_not '^comes from' out
expect 0 quipu impact ledger selva-central/C-0022 --upstream
says_not '^touches' out
says '^selva-central/P-0018$' out

# Lots of one shipment: what is in it, once each.
impact puerto-verde/SH-2026-01
is "$(jq -c '.downstream.shipments[] | [.grams, .net_grams, .form, .consignee]' out)" \
    '[39606000,39606000,"green","hanse-kaffee"]'
is "$(jq '.upstream.lots | length' out)" "$(jq '[.upstream.lots[].id] | unique | length' out)"
is "$(jq -c '[.upstream.lots, .upstream.plots] | map(length)' out)" \
    "$(quipu prove --json ledger puerto-verde/SH-2026-01 -o before.quipu | jq -c '[.lots, .plots]')"

# A recall taints the shipment that the lot went into, and no other. The bundle is made all the
# same; its verdict fails.
quipu verify before.quipu --policy importer/policy.json >/dev/null || fail 'not good before'
tells alto-mayo '{"occurred": "2026-11-09", "lot_recalled": {"lot": "alto-mayo/DC-2026-01",
    "reason": "mould"}}'
entry=$(($(quipu stats --json ledger | jq .entries) - 1))
line="lot alto-mayo/DC-2026-01, recalled (entry $entry)"
expect 0 quipu show ledger puerto-verde/SH-2026-01
says "^tainted by    $line\$" out
expect 0 quipu trace --depth 0 ledger puerto-verde/SH-2026-01
is "$(tail -n 1 out)" "tainted by: $line"
expect 0 quipu trace --dot --depth 0 ledger puerto-verde/SH-2026-01
is "$(tail -n 1 out)" '}'
says "^quipu: tainted by: $line\$" err
expect 0 quipu trace --json ledger puerto-verde/SH-2026-01
is "$(jq -s -c '[.[] | select(.taint)] | map([.depth, .taint[0].id])' out)" \
    '[[0,"alto-mayo/DC-2026-01"]]'
expect 0 quipu prove ledger puerto-verde/SH-2026-01 -o after.quipu
says "^quipu: tainted by: $line\$" err
says 'expect its verdict to fail' err
expect 0 quipu prove --json ledger puerto-verde/SH-2026-01 -o after.quipu
is "$(jq -c '.taint[] | [.cause, .kind, .id, .entry, .position, .path[0], .path[-1]]' out)" \
    "[\"recalled\",\"lot\",\"alto-mayo/DC-2026-01\",$entry,0,\"puerto-verde/SH-2026-01\",\"alto-mayo/DC-2026-01\"]"
expect 1 quipu verify after.quipu --policy importer/policy.json
says 'alto-mayo/DC-2026-01' out
is "$(quipu show --json ledger puerto-verde/SH-2026-02 | jq -c .taint)" '[]'
is "$(quipu show --json ledger puerto-verde/PV-2026-C01 | jq -r '.state.status, .taint[0].cause')" \
    "$(printf 'held\nrecalled')"
impact alto-mayo/DC-2026-01
is "$(jq -c '[.downstream.shipments[].id]' out)" '["puerto-verde/SH-2026-01"]'
is "$(jq -c '[.downstream.buyers[] | [.party, .form, .shipments, .grams]]' out)" \
    '[["hanse-kaffee","green",1,39606000]]'

# The same by the event that made it, by its entry and place.
place=$(quipu show --json ledger alto-mayo/DC-2026-01 |
    jq -r '.state.created | "\(.index):\(.position // 0)"')
quipu impact --json ledger "$place" | jq -c .downstream.lots >by_event
jq -c .downstream.lots out | cmp -s - by_event || fail "event $place touches other lots"

# A key that was in a thief's hands from some entry on.
key=$(cut -d + -f 3- trilladora-callao/trilladora-callao.vkey | base64 -d | tail -c 32 |
    od -A n -v -t x1 | tr -d ' \n')
since=$(quipu show --json ledger trilladora-callao/TR-2026-03-O | jq .state.created.index)
expect 0 quipu impact ledger "$key"
says "^impact of     key\$" out
tells camara-cafe "{\"occurred\": \"2026-11-09\", \"key_revoked\": {\"party\": \"trilladora-callao\",
    \"key\": \"$key\", \"compromised_since_index\": $since, \"reason\": \"laptop stolen\"}}"
expect 0 quipu impact ledger trilladora-callao/trilladora-callao.vkey
says "^signed        1 entry, [0-9]* events, from entry $since on\$" out
impact trilladora-callao/trilladora-callao.vkey
is "$(jq -r .thing.key out)" "$key"
is "$(jq -c '[.downstream.shipments[].id]' out)" '["puerto-verde/SH-2026-01"]'
is "$(jq '[.downstream.lots[].id] | index("trilladora-callao/TR-2026-01-O")' out)" null
impact --since 0 "$key"
is "$(jq '[.downstream.lots[].id] | any(. == "trilladora-callao/TR-2026-01-O")' out)" true
expect 0 quipu show ledger trilladora-callao/TR-2026-03-O
says '^tainted by    lot trilladora-callao/TR-2026-03-O: lot_processed by a key of$' out
says "trilladora-callao that is in doubt from entry $since on (entry $since)\$" out
is "$(quipu show --json ledger trilladora-callao/TR-2026-03-O |
    jq -c '.taint[0] | [.cause, .entry, .event, .party, .key, .since]')" \
    "[\"key\",$since,\"lot_processed\",\"trilladora-callao\",\"$key\",$since]"
expect 0 quipu show ledger trilladora-callao/TR-2026-01-O
says_not 'in doubt' out

# A withdrawn certificate is a note, and no taint.
tells certi-andes '{"occurred": "2026-11-09", "certificate_withdrawn": {
    "certificate": "certi-andes/CA-ORG-2026-0417", "from": "2026-11-01", "reason": "audit"}}'
expect 0 quipu show ledger puerto-verde/SH-2026-02
says_not '^tainted by' out
says '^note          certificate certi-andes/CA-ORG-2026-0417 of alto-mayo, withdrawn' out
expect 0 quipu prove ledger puerto-verde/SH-2026-02 -o noted.quipu
says '^quipu: note: certificate certi-andes/CA-ORG-2026-0417' err
says_not 'verdict' err
impact certi-andes/CA-ORG-2026-0417
is "$(jq -c '[.downstream.shipments[].id] | sort' out)" \
    '["puerto-verde/SH-2026-01","puerto-verde/SH-2026-02"]'
is "$(jq '[.downstream.lots[] | select(.id | startswith("selva-central/"))] | length' out)" 0

# A party that is bad for what went through its hands; one that enrolled the others.
impact terminal-sur
is "$(jq -c '[.downstream.shipments[].id]' out)" '["puerto-verde/SH-2026-02"]'
impact camara-cafe
is "$(jq '.not_followed.parties | any(. == "alto-mayo")' out)" true
expect 0 quipu impact ledger camara-cafe
says '^PARTY, NOT FOLLOWED$' out

# What is not there, and what is no thing at all.
expect 1 quipu impact ledger selva-central/c-0022
says 'there is a plot selva-central/C-0022' err
expect 1 quipu impact ledger nobody
expect 1 quipu impact ledger 9999:0
expect 1 quipu impact ledger 0:99999999999
expect 1 quipu impact ledger "$(printf '%064d' 1)"
expect 2 quipu impact ledger thing:selva-central/C-0022
expect 2 quipu impact ledger selva-central/C-0022 --since 3
expect 2 quipu impact ledger 0:0 --since 3
expect 2 quipu impact ledger
expect 2 quipu impact ledger "plot:$(printf 'a/b\033[31m')"
says_not "$(printf '\033')" err
echo nonsense >bad.vkey
expect 3 quipu impact ledger bad.vkey
expect 0 quipu impact ledger plot:selva-central/C-0022
