# quipu events: every kind of event is listed and explained, from the format's own table.
. "$QP_SOURCE/tests/cli/lib.sh"

expect 0 quipu events --json
jq -r .event out | sort >listed
sed -n 's/^    [A-Za-z]* \([a-z_]*\) = [0-9]*;$/\1/p' "$QP_SOURCE/proto/quipu/v1/event.proto" |
    sort >formats
[ "$(wc -l <formats)" -ge 25 ] || fail "the format has only $(wc -l <formats) events"
cmp -s listed formats || fail "listed are not the events of event.proto"

while read -r event; do
    expect 0 quipu events "$event"
    says "^$event\$" out
    awk 'length($0) > 80 { exit 1 }' out || fail "$event: a line of more than 80 columns"
    expect 0 quipu events "$event" --json
    [ "$(jq -r .about out)" != '' ] || fail "$event: its .proto says nothing of it"
done <listed

# What is needed, units and names come from the .proto files.
expect 0 quipu events lot_harvested
says '^lot \* ' out
says 'net mass in grams' out
says 'cherry, dried_cherry' out
expect 0 quipu events lot_transferred
says 'seal' out

expect 1 quipu events lot_harvest
says 'no event "lot_harvest"' err
expect 2 quipu events one two
