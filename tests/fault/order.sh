# The order on disk, as the system sees it: the store, then the anchor's intent, then the signed
# checkpoint, then the receipts, and each of them durable before the next begins.
. "$(dirname "$0")/lib.sh"
can_trace

# What happens to the store, the anchor and the receipts, in order, one word each:
#   write   pages or head of the store        sync   the store, all that was written is on the disk
#   whole   a new anchor, on the disk          put    in the place of the old one
#   folder  and its name is on the disk too    hand   a receipt in its place
steps() {
    awk '
    $2 ~ /^(pwrite64|writev|pwritev)\(/ && /data\.mdb>/ { print "write" }
    $2 ~ /^fdatasync\(/ && /data\.mdb>/ { print "sync" }
    $2 ~ /^fsync\(/ && /anchor\.[0-9a-f]*\.tmp>/ { print "whole" }
    $2 ~ /^fsync\(/ && /\/ledger>/ { print "folder" }
    $2 ~ /^rename/ && /"ledger\/anchor"/ { print "put" }
    $2 ~ /^rename/ && /tlog-proof"/ { print "hand" }' ../trace | uniq | tr '\n' ' '
}

# The last write of a commit is the head, through a descriptor that waits for the disk.
heads_wait() {
    awk '
    $2 ~ /^openat\(/ && /data\.mdb"/ && /O_DSYNC/ { sub(/.*= /, ""); sub(/<.*/, ""); fd = $0 }
    $2 ~ /^pwrite64\(/ && /data\.mdb>/ { at = $2; sub(/pwrite64\(/, "", at); sub(/<.*/, "", at); last = at }
    $2 ~ /^rename/ && /"ledger\/anchor"/ && last != "" && last != fd { bad = 1 }
    END { exit bad || fd == "" }' ../trace || fail "the head of the store was not waited for"
}

prepare
fresh ledger
cd round
begin
strace -f -y -qq -o ../trace quipu submit --receipts receipts ledger --log-key log.key d2.qst >out
# Opening puts the newest checkpoint into the store, if it is not there.
is "$(steps | sed 's/^write sync \(write sync\)/\1/')" \
    'write sync write whole put folder whole put folder hand '
heads_wait
cd ..

# A process that died may have left what is in the system's memory alone: whoever opens the ledger
# next makes that durable before it signs it.
fresh ledger
cd round
got=0
strace -f -qq -o ../trace -e inject=rename:signal=KILL:when=1 quipu submit ledger --log-key log.key \
    d2.qst >out 2>err || got=$?
is $got 137
strace -f -y -qq -o ../trace quipu submit --receipts receipts ledger --log-key log.key d2.qst >out
is "$(steps | sed 's/ whole put folder whole put folder .*//')" 'write sync write'
says '3 known before' out
