/* A hash chain in SQLite: sqlite FOLDER PAYLOAD_BYTES
 *
 * Write-ahead log, synchronous=FULL: a commit is on the disk when it returns. The signature of each
 * event is checked before it is inserted; the chain is computed here, since SQLite has no SHA-256.
 * Then all of it is read and checked again: without the whole table no part of it proves anything,
 * so there is no shipment to hand over. */
#include "peer.h"

#include <sqlite3.h>

struct table {
    sqlite3 *db;
    sqlite3_stmt *insert;
    unsigned char link[PEER_LINK];
};

static void run(struct table *table, const char *sql)
{
    if (sqlite3_exec(table->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        peer_fail(sql, sqlite3_errmsg(table->db));
    }
}

static void commit(void *context, const struct peer_events *events, size_t begin, size_t end)
{
    struct table *table = context;
    run(table, "BEGIN IMMEDIATE");
    for (size_t i = begin; i < end; i++) {
        const struct peer_event *event = &events->list[i];
        peer_link(table->link, event, events->bytes);
        sqlite3_bind_blob(table->insert, 1, event->payload, (int)events->bytes, SQLITE_STATIC);
        sqlite3_bind_blob(table->insert, 2, event->key, PEER_KEY, SQLITE_STATIC);
        if (event->is_signed) {
            sqlite3_bind_blob(table->insert, 3, event->signature, PEER_SIGNATURE, SQLITE_STATIC);
        } else {
            sqlite3_bind_null(table->insert, 3);
        }
        sqlite3_bind_blob(table->insert, 4, table->link, PEER_LINK, SQLITE_STATIC);
        if (sqlite3_step(table->insert) != SQLITE_DONE) {
            peer_fail("insert", sqlite3_errmsg(table->db));
        }
        sqlite3_reset(table->insert);
    }
    run(table, "COMMIT");
}

/* Read the stream back: chain and signatures. */
static double verify(struct table *table, size_t bytes)
{
    struct peer_events events = {.count = PEER_STREAM, .each = 1, .bytes = bytes};
    unsigned char link[PEER_LINK] = {0};
    sqlite3_stmt *read = NULL;
    events.list = calloc(events.count, sizeof *events.list);
    double start = figure_seconds();
    if (events.list == NULL ||
        sqlite3_prepare_v2(table->db,
                           "SELECT payload, key, signature, link FROM events ORDER BY id LIMIT ?1",
                           -1, &read, NULL) != SQLITE_OK) {
        peer_fail("select", sqlite3_errmsg(table->db));
    }
    sqlite3_bind_int(read, 1, PEER_STREAM);
    for (size_t i = 0; i < events.count; i++) {
        struct peer_event *event = &events.list[i];
        if (sqlite3_step(read) != SQLITE_ROW) {
            peer_fail("select", "rows are missing");
        }
        memcpy(event->payload, sqlite3_column_blob(read, 0), bytes);
        memcpy(event->key, sqlite3_column_blob(read, 1), PEER_KEY);
        memcpy(event->signature, sqlite3_column_blob(read, 2), PEER_SIGNATURE);
        event->is_signed = true;
        peer_link(link, event, bytes);
        if (memcmp(link, sqlite3_column_blob(read, 3), PEER_LINK) != 0) {
            peer_fail("select", "the chain does not hold");
        }
    }
    sqlite3_finalize(read);
    peer_check(&events, 0, events.count);
    double took = figure_seconds() - start;
    free(events.list);
    return (double)PEER_STREAM / took;
}

int main(int argc, char **argv)
{
    struct table table = {.db = NULL};
    char path[512];
    size_t bytes = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (bytes == 0 || (size_t)snprintf(path, sizeof path, "%s/events.db", argv[1]) >= sizeof path) {
        fprintf(stderr, "usage: sqlite FOLDER PAYLOAD_BYTES\n");
        return 2;
    }
    if (sqlite3_open(path, &table.db) != SQLITE_OK) {
        peer_fail(path, sqlite3_errmsg(table.db));
    }
    run(&table, "PRAGMA journal_mode=WAL");
    run(&table, "PRAGMA synchronous=FULL");
    run(&table, "CREATE TABLE events (id INTEGER PRIMARY KEY, payload BLOB NOT NULL, key BLOB NOT "
                "NULL, signature BLOB, link BLOB NOT NULL)");
    if (sqlite3_prepare_v2(table.db,
                           "INSERT INTO events (payload, key, signature, link) VALUES (?, ?, ?, ?)",
                           -1, &table.insert, NULL) != SQLITE_OK) {
        peer_fail("insert", sqlite3_errmsg(table.db));
    }
    size_t count = peer_feed_all("sqlite", bytes, commit, &table);
    figure("sqlite_verify_all", verify(&table, bytes), "events/s");
    sqlite3_finalize(table.insert);
    run(&table, "PRAGMA wal_checkpoint(TRUNCATE)");
    sqlite3_close(table.db);
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        peer_fail(path, "cannot be measured");
    }
    figure("sqlite_bytes", (double)ftell(file) / (double)count, "bytes");
    fclose(file);
    return 0;
}
