# Giving up: a statement that the ledger refuses for good keeps back what its key signed after it;
# its issuer gives it up, and everything but the refused event comes in.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/season.sh"
season_parties
season_land

delivery() {
    echo "$1,2026-06-0$3,P-0001,C-0001,coffee,parchment,$2,kg,2026,RA-1,11.5,17.50,2026-05-20,2026-05-28"
}
deliveries() {
    out=$1
    head -n 1 "$SAMPLE/deliveries-alto-mayo.csv" >"$out.csv"
    cat >>"$out.csv"
    quipu import deliveries --key coop.key --party coop-norte -o "$out.qst" "$out.csv" >/dev/null
}
lots() {
    quipu log ledger --json | jq -r '.. | .lot_harvested? | select(.) | .lot' | sort | tr '\n' ' '
}

# Signed far from the ledger: statement 3 holds a harvest over the plot's cap; 4 and 5 follow it.
{ delivery E-0002 40 1; delivery E-0003 900000 2; delivery E-0004 30 3; } | deliveries bad
delivery E-0005 20 4 | deliveries later
delivery E-0006 10 5 | deliveries latest
expect 1 submit bad.qst later.qst latest.qst
says 'event 1 (lot_harvested).*QP-HARVEST-CAP' err
is "$(grep -c '\[QP-CHAIN-GAP\]' err)" 2
says 'quipu journal KEY --give-up 3 --drop P' err
expect 1 submit --json bad.qst later.qst
[ ! -s err ] || fail "said to a program"

# Which events are left out is never guessed.
expect 2 quipu journal coop.key --give-up 3 -o again.qst
says 'statement 3 has 3 events; .*--drop P,P.*--drop-all.*--drop none' err
expect 2 quipu journal coop.key --give-up 3 --drop 3 -o again.qst
says 'statement 3 has no event 3; it has 0 to 2' err
for bad in '' ',' '1,' x '1,,2' -1; do
    expect 2 quipu journal coop.key --give-up 3 --drop "$bad" -o again.qst
done
expect 1 quipu journal coop.key --give-up 6 --drop-all -o again.qst
says 'no statement 6 to give up; the next is 6' err
expect 2 quipu journal coop.key --give-up 3 --drop 1 --drop-all -o again.qst
expect 2 quipu journal coop.key --give-up 3 --export
expect 2 quipu journal coop.key --drop 1
expect 2 quipu journal coop.key --admitted 1
[ ! -e again.qst ] || fail "signed although it was refused"
is "$(quipu journal coop.key --json | wc -l)" 6

expect 0 quipu journal coop.key --give-up 3 --drop 1 -o again.qst
says '^statement 3 given up; 3 statements signed again as 6 to 8$' out
says '^left out: event 1 of statement 3 (lot_harvested coop-norte/E-0003)$' out
says '^again.qst: 4 events' out
expect 0 submit again.qst
says '^3 admitted (4 events)' out
is "$(lots)" 'coop-norte/E-0001 coop-norte/E-0002 coop-norte/E-0004 coop-norte/E-0005 coop-norte/E-0006 '
expect 0 quipu audit ledger

# The old ones are known as given up; the journal keeps and marks them, and hands them out no more.
expect 1 submit bad.qst later.qst latest.qst
is "$(grep -c '\[QP-CHAIN-GIVEN-UP\]' err)" 3
says_not 'quipu journal KEY' err
expect 0 quipu journal coop.key
says '^       3  .*given up: 3 lot_harvested$' out
is "$(grep -c 'given up' out)" 3
is "$(quipu journal coop.key --json | jq -r 'select(.given_up) | .sequence' | tr '\n' ' ')" '3 4 5 '
expect 0 quipu journal coop.key --export -o all.qst
expect 0 submit all.qst
says '6 known before, 0 refused' out
expect 2 quipu journal coop.key --give-up 4 --drop-all
says 'statement 4 was given up before, by statement 6' err

# Mended, the row is imported again: its code is free.
delivery E-0003 9 2 | deliveries mended
expect 0 submit mended.qst
says '^1 admitted (1 event)' out

# The newest statement alone, with nothing behind it: what is signed next says that it goes on.
delivery E-0007 900000 6 | deliveries alone
expect 1 submit alone.qst
says '\-\-give-up 10 ' err
expect 0 quipu journal coop.key --give-up 10 --drop-all -o none.qst
says '^statement 10 given up; nothing to sign again: the next statement, 11, says so$' out
says 'event 0 of statement 10 (lot_harvested coop-norte/E-0007)' out
[ ! -e none.qst ] || fail "a file of nothing"
expect 2 quipu journal coop.key --give-up 10 --drop-all
says 'given up already' err
delivery E-0007 8 6 | deliveries behind
expect 0 submit behind.qst

# As programs read it.
delivery E-0008 900000 6 | deliveries bad
delivery E-0009 5 6 | deliveries later
expect 1 submit bad.qst later.qst
expect 0 quipu journal coop.key --json --give-up 12 --drop-all -o again.qst
is "$(jq -c '[.given_up_from, .statements, .first_sequence, .events,
    (.left_out[] | [.sequence, .position, .kind, .id])]' out)" \
    '[12,1,14,1,[12,0,"lot_harvested","coop-norte/E-0008"]]'
expect 0 submit again.qst

# Given up by mistake: the ledger had it. It says so, and how to go on.
delivery E-0010 5 7 | deliveries good
submit good.qst >/dev/null
expect 0 quipu journal coop.key --give-up 15 --drop none -o mistaken.qst
expect 1 submit mistaken.qst
says 'quipu journal KEY --give-up 16 --admitted 15' err
expect 0 quipu journal coop.key --give-up 16 --admitted 15 --drop-all -o none.qst
delivery E-0011 5 7 | deliveries on
expect 0 submit on.qst
expect 0 quipu audit ledger
is "$(lots | wc -w)" 10
