# One ledger that is killed again and again, at moments that nobody chose, while it takes statements in
# and while it recovers from the kill before. Every checkpoint that was ever signed is remembered.
. "$(dirname "$0")/lib.sh"

# now: milliseconds.
now() {
    echo $(($(date +%s%N) / 1000000))
}

# moment: seconds, by chance, up to a little more than the program takes.
moment() {
    chance $((took * 5 / 4 + 1)) | awk '{ printf "%.3f", $1 / 1000 }'
}

# kill_one SECONDS: the newest statements, and those before them that may not have come in.
kill_one() {
    cd round
    quipu submit --json --receipts receipts ledger --log-key log.key new/*.qst >>acks 2>err &
    child=$!
    sleep "$1"
    kill -KILL $child 2>/dev/null || true
    status=0
    wait $child || status=$?
    echo >>acks # a line that was cut short ends here
    case $status in
    0) ;;
    *) lives $status KILL ;;
    esac
    # An anchor that was not put in its place may hold a signature as well.
    no_fork ledger receipts
}

# Every promise so far. The copy of what was said stays; the receipts too.
settle() {
    cd round
    recovers
    acknowledged 0 new/*.qst
    expect 0 quipu audit ledger
    no_fork ledger receipts again
}

prepare
fresh ledger
mkdir round/new round/receipts round/settled
: >round/acks
cd round
submit d2.qst d3.qst d4.qst >/dev/null
no_fork ledger
began=$(now)
quipu submit --receipts settled ledger --log-key log.key d5.qst >/dev/null
took=$(($(now) - began))
cd ..
begin
rounds=$(how_many 200 10)
round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    more 3 "round/new/$(printf %05d $round).qst"
    attempt "kill number $round" kill_one "$(moment)"
    if [ $((round % 10)) -eq 0 ] || [ $round -eq "$rounds" ]; then
        attempt "all promises after kill number $round" settle
        # What came in by now is not handed over each time.
        find round/new -name '*.qst' | sort | head -n -2 | xargs -r rm
        find round/receipts -name '*.tlog-proof' -exec mv {} round/settled/ \;
        : >round/acks
    fi
done
cd round
for receipt in settled/*.tlog-proof; do
    index=${receipt##*/}
    quipu receipt get ledger "${index%.tlog-proof}" 2>err | cmp -s - "$receipt" ||
        fail "another receipt at the end: $receipt"
done
cd ..
tell kills 'SIGKILL at random'
finish
