# A limit of file sizes (ulimit -f), which kills programs that do not look: refused before anything is
# begun, with the code "full"; readable all the while; and it goes on by itself.
. "$(dirname "$0")/lib.sh"

# limited KIB STATUS: files may be no longer than the store is now, and so much more.
limited() {
    fresh ledger
    cd round
    size=$(stat -c %s ledger/store/data.mdb)
    got=0
    (
        # shellcheck disable=SC3045 # every sh on Debian has it; in blocks of 512 bytes
        ulimit -f $(((size + $1 * 1024) / 512))
        quipu submit --json --receipts receipts ledger --log-key log.key d2.qst >acks 2>err || got=$?
        is $got "$2"
        if [ "$2" -ne 0 ]; then
            is_full 'limit of file sizes'
        fi
        readable
    )
    sound
}

# Not one byte into any file: the first write that is tried meets the limit.
nothing() {
    fresh ledger
    cd round
    got=0
    # shellcheck disable=SC3045 # every sh on Debian has it
    said=$(ulimit -f 0 && quipu submit --json ledger --log-key log.key d2.qst 2>&1) || got=$?
    is $got 4
    echo "$said" | grep '"error"' >err
    is_full 'limit of file sizes'
    # shellcheck disable=SC3045
    is "$(ulimit -f 0 && quipu receipt get ledger $EARLY)" "$(cat early.tlog-proof)"
    sound
}

prepare
begin
attempt "files may not grow by one byte" nothing
for kib in $(how_many "-128 -64 -16 -4 0 4 16 64 128 256 512 1000" "-16 64"); do
    attempt "files may be $kib KiB longer than the store" limited $kib 4
done
attempt "files may be 100 MiB longer than the store" limited 102400 0
tell limits 'limit of file sizes'
finish
