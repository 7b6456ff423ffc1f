/* A hash chain in PostgreSQL: postgres CONNECTION PAYLOAD_BYTES
 *
 * fsync and synchronous_commit on: a commit is on the disk when it returns. The signature of each
 * event is checked here before it is inserted; a trigger computes the chain with the database's own
 * SHA-256, one writer at a time. Inserts of a commit go in one pipeline, so that none waits for the
 * answer to the one before. As in SQLite no part of the table proves anything alone. */
#include "peer.h"

#include <libpq-fe.h>

static const char schema[] =
    "CREATE TABLE events (id bigserial PRIMARY KEY, payload bytea NOT NULL, key bytea NOT NULL, "
    "signature bytea, link bytea NOT NULL);"
    "CREATE FUNCTION chain() RETURNS trigger LANGUAGE plpgsql AS $$"
    "DECLARE before bytea;"
    "BEGIN"
    "  PERFORM pg_advisory_xact_lock(1);"
    "  SELECT link INTO before FROM events ORDER BY id DESC LIMIT 1;"
    "  NEW.link := sha256(coalesce(before, decode(repeat('00', 32), 'hex')) || NEW.payload ||"
    "                     NEW.key || coalesce(NEW.signature, ''::bytea));"
    "  RETURN NEW;"
    "END $$;"
    "CREATE TRIGGER chain BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION chain();";

static PGresult *expect(PGconn *db, PGresult *result, ExecStatusType status, const char *what)
{
    if (PQresultStatus(result) != status) {
        peer_fail(what, PQerrorMessage(db));
    }
    return result;
}

static void run(PGconn *db, const char *sql)
{
    PQclear(expect(db, PQexec(db, sql), PGRES_COMMAND_OK, sql));
}

static void send_insert(PGconn *db, const struct peer_event *event, size_t bytes)
{
    const char *values[3] = {(const char *)event->payload, (const char *)event->key,
                             event->is_signed ? (const char *)event->signature : NULL};
    const int lengths[3] = {(int)bytes, PEER_KEY, PEER_SIGNATURE};
    const int formats[3] = {1, 1, 1};
    if (PQsendQueryPrepared(db, "insert", 3, values, lengths, formats, 1) != 1) {
        peer_fail("insert", PQerrorMessage(db));
    }
}

/* A pipeline up to its end is one transaction. */
static void commit(void *context, const struct peer_events *events, size_t begin, size_t end)
{
    PGconn *db = context;
    for (size_t i = begin; i < end; i++) {
        send_insert(db, &events->list[i], events->bytes);
    }
    if (PQpipelineSync(db) != 1) {
        peer_fail("pipeline", PQerrorMessage(db));
    }
    for (size_t i = begin; i < end; i++) {
        PQclear(expect(db, PQgetResult(db), PGRES_COMMAND_OK, "insert"));
        if (PQgetResult(db) != NULL) {
            peer_fail("insert", "more than one answer");
        }
    }
    PQclear(expect(db, PQgetResult(db), PGRES_PIPELINE_SYNC, "commit"));
}

static void copy_field(PGresult *rows, int row, int column, void *to, size_t bytes)
{
    if ((size_t)PQgetlength(rows, row, column) != bytes) {
        peer_fail("select", "a value has not the length that was inserted");
    }
    memcpy(to, PQgetvalue(rows, row, column), bytes);
}

/* Read the stream back: chain and signatures. */
static double verify(PGconn *db, size_t bytes)
{
    struct peer_events events = {.count = PEER_STREAM, .each = 1, .bytes = bytes};
    unsigned char link[PEER_LINK] = {0};
    unsigned char stored[PEER_LINK];
    char sql[128];
    events.list = calloc(events.count, sizeof *events.list);
    snprintf(sql, sizeof sql,
             "SELECT payload, key, signature, link FROM events ORDER BY id LIMIT %d", PEER_STREAM);
    double start = figure_seconds();
    PGresult *rows =
        expect(db, PQexecParams(db, sql, 0, NULL, NULL, NULL, NULL, 1), PGRES_TUPLES_OK, "select");
    if (events.list == NULL || PQntuples(rows) != PEER_STREAM) {
        peer_fail("select", "rows are missing");
    }
    for (int i = 0; i < PEER_STREAM; i++) {
        struct peer_event *event = &events.list[i];
        copy_field(rows, i, 0, event->payload, bytes);
        copy_field(rows, i, 1, event->key, PEER_KEY);
        copy_field(rows, i, 2, event->signature, PEER_SIGNATURE);
        copy_field(rows, i, 3, stored, PEER_LINK);
        event->is_signed = true;
        peer_link(link, event, bytes);
        if (memcmp(link, stored, PEER_LINK) != 0) {
            peer_fail("select", "the chain does not hold");
        }
    }
    PQclear(rows);
    peer_check(&events, 0, events.count);
    double took = figure_seconds() - start;
    free(events.list);
    return (double)PEER_STREAM / took;
}

int main(int argc, char **argv)
{
    size_t bytes = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (bytes == 0) {
        fprintf(stderr, "usage: postgres CONNECTION PAYLOAD_BYTES\n");
        return 2;
    }
    PGconn *db = PQconnectdb(argv[1]);
    if (PQstatus(db) != CONNECTION_OK) {
        peer_fail("connect", PQerrorMessage(db));
    }
    run(db, schema);
    PQclear(expect(db,
                   PQprepare(db, "insert",
                             "INSERT INTO events (payload, key, signature) VALUES ($1, $2, $3)", 3,
                             NULL),
                   PGRES_COMMAND_OK, "prepare"));
    if (PQenterPipelineMode(db) != 1) {
        peer_fail("pipeline", PQerrorMessage(db));
    }
    size_t count = peer_feed_all("postgres", bytes, commit, db);
    if (PQexitPipelineMode(db) != 1) {
        peer_fail("pipeline", PQerrorMessage(db));
    }
    figure("postgres_verify_all", verify(db, bytes), "events/s");
    PGresult *size =
        expect(db, PQexec(db, "SELECT pg_total_relation_size('events')"), PGRES_TUPLES_OK, "size");
    figure("postgres_bytes", strtod(PQgetvalue(size, 0, 0), NULL) / (double)count, "bytes");
    PQclear(size);
    PQfinish(db);
    return 0;
}
