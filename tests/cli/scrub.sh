# Bits that change on the disk: found, told, and put back from a backup or another copy.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season

expect 0 quipu scrub ledger
says '^SOUND: ' out
says '^entries  *14$' out
expect 0 quipu scrub --json --rate 50 ledger
is "$(jq -c '[.sound, .entries, .events, .faults, .repaired]' out)" '[true,14,17,0,0]'
quipu backup ledger copy >/dev/null
cp -r ledger second

# A byte of an event, and one of a name in the vault.
data=ledger/store/data.mdb
grep -q -a Callao "$data" || fail 'the event is not in the store'
LC_ALL=C sed -i 's/Callao/Xallao/g' "$data"
expect 1 quipu scrub ledger
says '^events  *entry 12: its events are not those signed$' out
says '^DAMAGED: 1 fault$' out
says 'repair-from' err
expect 1 quipu scrub --json ledger
is "$(jq -c 'select(.fault) | [.fault, .at]' out)" '["events",12]'
is "$(jq -c 'select(.entries) | [.sound, .faults, .repaired]' out)" '[false,1,0]'
expect 4 quipu show ledger 12:1
cp -r ledger damaged

# From a backup, and from another copy.
expect 0 quipu scrub --repair-from copy ledger
says '^repaired  *1$' out
says '^SOUND: ' out
expect 0 quipu scrub ledger
expect 0 quipu audit ledger
expect 0 quipu scrub --json --repair-from second damaged
is "$(jq -c 'select(.entries) | [.sound, .faults, .repaired]' out)" '[true,1,1]'
expect 0 quipu audit damaged
for entry in 0 12; do
    is "$(quipu receipt get ledger $entry | sha256sum)" "$(quipu receipt get second $entry | sha256sum)"
    is "$(quipu receipt get damaged $entry | sha256sum)" "$(quipu receipt get second $entry | sha256sum)"
done

# What another ledger has is not taken, nor what a changed copy has.
LC_ALL=C sed -i 's/Callao/Xallao/g' "$data"
LC_ALL=C sed -i 's/Callao/Yallao/g' copy/backup-000001.qbk second/store/data.mdb
expect 1 quipu scrub --repair-from copy ledger
says 'the events are not those of the statement' err
expect 4 quipu scrub --repair-from second ledger
quipu init other --origin other.example/1 --name Other --operator camara --legal-name Camara \
    --key exporter.key --log-key terminal.key >/dev/null
expect 1 quipu scrub --repair-from other ledger
says 'is another ledger' err
expect 1 quipu scrub ledger
