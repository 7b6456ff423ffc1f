# Auditing a ledger, and mending what is derived; counting what is there.
. "$(dirname "$0")/lib.sh"
. "$QP_SOURCE/tests/cli/season.sh"
season

expect 0 quipu audit --threads 1 ledger
says '^SOUND: ' out
says '^signatures  *14$' out
expect 0 quipu audit --json ledger
is "$(jq -c '[.sound, .entries, .events, .faults, .rebuilt, .first_entry]' out)" \
    '[true,14,17,0,false,null]'
expect 0 quipu audit --rebuild --log-key log.key ledger
says 'written anew' out
expect 0 quipu audit --threads 1 ledger
expect 2 quipu audit --rebuild ledger
expect 2 quipu audit --log-key log.key ledger
expect 1 quipu audit --rebuild --log-key coop.key ledger

expect 0 quipu stats ledger
says '^entries  *14 ' out
says '^  lot_processed  *1$' out
expect 0 quipu stats --json ledger
is "$(jq -c '[.entries, .events, .events_by_kind.party_enrolled]' out)" '[14,17,5]'
is "$(jq -r .ledger_id out)" "$(jq -r .ledger_id ledger/ledger.json)"

# Where there is no room for what an audit keeps, it says so; a copy on a full disk is audited all the
# same, with its tables elsewhere.
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    mkdir small
    cat >full.sh <<'END'
mount -t tmpfs -o size=8m none small && cp -a ledger small/
dd if=/dev/zero of=small/filling bs=1k >/dev/null 2>&1
got=0
TMPDIR=$PWD/small quipu audit small/ledger >full.out 2>full.err || got=$?
echo "$got" >full.status
got=0
TMPDIR=/tmp quipu audit small/ledger >out 2>err || got=$?
echo "$got" >elsewhere.status
END
    expect 0 unshare -m sh full.sh
    is "$(cat full.status elsewhere.status | tr '\n' ' ')" '4 0 '
    says 'set TMPDIR to a folder with more' full.err
else
    echo 'not tested without root: an audit on a full disk'
fi

# A byte of an event, changed behind the program's back in every copy that the file has: the entry
# is named.
data=$(find ledger/store -name 'data*' | head -n 1)
grep -q -a Callao "$data" || fail 'the event is not in the store'
LC_ALL=C sed -i 's/Callao/Xallao/g' "$data"
got=0
quipu audit ledger >out 2>err || got=$?
is "$got" 1
says '^WRONG: .* the first at entry 12:$' out
expect 1 quipu audit --json ledger
is "$(jq -c '[.sound, .first_entry]' out)" '[false,12]'
