#include "store/store_priv.h"

#include "core/alloc.h"
#include "core/check.h"
#include "host/disk.h"
#include "host/file.h"

#include <quipu/version.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const table_names[QP_TABLE_COUNT] = {[QP_TABLE_META] = "meta",
                                                        [QP_TABLE_ENTRIES] = "entries",
                                                        [QP_TABLE_EVENTS] = "events",
                                                        [QP_TABLE_TILES] = "tiles",
                                                        [QP_TABLE_ISSUERS] = "issuers",
                                                        [QP_TABLE_STATE] = "state",
                                                        [QP_TABLE_EDGES] = "edges",
                                                        [QP_TABLE_VAULT] = "vault",
                                                        [QP_TABLE_CHECKPOINTS] = "checkpoints"};

#define VERSION_KEY "version"
#define LOCK_NAME "lock.mdb"
#define MAP_BYTES_FIRST ((uint64_t)64 * 1024 * 1024)
/* Far beyond any ledger, and within the address space of a 64-bit process. */
#define MAP_BYTES_MOST ((uint64_t)1 << 44)
#define PAGE_BYTES ((uint64_t)4096)
/* Of LMDB's lock file: 64 bytes for each reader, and what stands before them. */
#define LOCK_BYTES ((uint64_t)QP_READERS_MAX * 64 + 128)

const char *qp_table_name(enum qp_table table)
{
    return table_names[table];
}

struct qp_writer {
    struct qp_store *store;
    MDB_txn *txn;
    /* One for each table that was written to, so that a row near the last one is found without a
     * way down from the root. They end with the transaction. */
    MDB_cursor *cursors[QP_TABLE_COUNT];
    struct qp_packer *packers[QP_TABLE_COUNT];
    bool map_full;
};

/* Stores open in this process. A child of fork() inherits the list but none of the stores, so each
 * carries its process. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct qp_store *open_stores;

/* ---- Opening ---- */

static enum qp_code enter_list(struct qp_store *store, struct qp_err *err)
{
    struct stat status;
    if (stat(store->data_path, &status) != 0) {
        return qp_fail_errno(err, errno, "look at", store->data_path);
    }
    store->device = status.st_dev;
    store->inode = status.st_ino;
    store->process = getpid();
    enum qp_code rc = QP_OK;
    pthread_mutex_lock(&open_lock);
    for (const struct qp_store *at = open_stores; at != NULL; at = at->next) {
        if (at->device == store->device && at->inode == store->inode &&
            at->process == store->process) {
            rc = qp_fail(err, QP_E_BUSY, "this process has %s open already", store->data_path);
        }
    }
    if (rc == QP_OK) {
        store->next = open_stores;
        open_stores = store;
    }
    pthread_mutex_unlock(&open_lock);
    return rc;
}

static void leave_list(struct qp_store *store)
{
    pthread_mutex_lock(&open_lock);
    for (struct qp_store **at = &open_stores; *at != NULL; at = &(*at)->next) {
        if (*at == store) {
            *at = store->next;
            break;
        }
    }
    pthread_mutex_unlock(&open_lock);
}

/* A file that ends before its last page would kill the process at the first look behind its end. */
static enum qp_code check_length(struct qp_store *store, struct qp_err *err)
{
    MDB_envinfo info;
    MDB_stat stat_of;
    int rc = mdb_env_info(store->env, &info);
    rc = rc == 0 ? mdb_env_stat(store->env, &stat_of) : rc;
    if (rc != 0) {
        return qp_store_fail(store, rc, "opening it", err);
    }
    uint64_t bytes = 0;
    enum qp_code code = qp_store_size(store, &bytes, err);
    if (code == QP_OK && bytes / stat_of.ms_psize <= info.me_last_pgno) {
        code = qp_fail(err, QP_E_STORE,
                       "%s is cut short: it has %llu bytes and should have %llu at least; restore "
                       "it from a backup or a mirror",
                       store->data_path, (unsigned long long)bytes,
                       ((unsigned long long)info.me_last_pgno + 1) * stat_of.ms_psize);
    }
    return code;
}

static char *path_in(const char *dir, const char *name)
{
    size_t size = strlen(dir) + 1 + strlen(name) + 1;
    char *path = qp_alloc(size);
    if (path != NULL) {
        (void)snprintf(path, size, "%s/%s", dir, name);
    }
    return path;
}

bool qp_store_may_lock(const char *dir)
{
    char *path = path_in(dir, LOCK_NAME);
    bool may = path != NULL && (qp_may_write(path) || (errno == ENOENT && qp_may_write(dir)));
    qp_free(path);
    return may;
}

/* LMDB makes its lock file as long as it must be without asking for the room, maps it, and dies at
 * the first reader on a full disk. This process has no other descriptor of the file, which closing
 * this one would rob of its locks: the store is in the list by now, and opened once. */
static enum qp_code reserve_lock(struct qp_store *store, const char *dir, struct qp_err *err)
{
    char *path = path_in(dir, LOCK_NAME);
    int error = 0;
    if (path == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to open a store");
    }
    qp_disk_reserve(path, 0600, LOCK_BYTES, &error);
    qp_free(path);
    /* A file system that cannot say leaves it to LMDB. */
    return error == 0 || error == EOPNOTSUPP || error == EINVAL
               ? QP_OK
               : qp_store_fail(store, error, "making room for its lock file", err);
}

static uint64_t whole_pages(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static enum qp_code open_env(struct qp_store *store, const char *dir,
                             const struct qp_store_options *options, struct qp_err *err)
{
    enum qp_code reserved = options->alone ? QP_OK : reserve_lock(store, dir, err);
    if (reserved != QP_OK) {
        return reserved;
    }
    int rc = mdb_env_create(&store->env);
    rc = rc == 0 ? mdb_env_set_maxdbs(store->env, QP_TABLE_COUNT) : rc;
    rc = rc == 0 ? mdb_env_set_maxreaders(store->env, QP_READERS_MAX) : rc;
    if (rc == 0 && options->create) {
        uint64_t first = options->map_bytes_first != 0 ? options->map_bytes_first : MAP_BYTES_FIRST;
        first = first < store->map_bytes_max ? first : store->map_bytes_max;
        rc = mdb_env_set_mapsize(store->env, (size_t)whole_pages(first));
    }
    /* NOTLS: the view belongs to the handle, not to the thread that opened it. */
    unsigned flags = MDB_NOTLS | (store->write ? 0U : (unsigned)MDB_RDONLY) |
                     (options->alone ? (unsigned)MDB_NOLOCK : 0U);
    rc = rc == 0 ? mdb_env_open(store->env, dir, flags, 0600) : rc;
    if (rc != 0) {
        return qp_store_fail(store, rc, "opening it", err);
    }
    int dead = 0;
    if (store->write && mdb_reader_check(store->env, &dead) != 0) {
        return qp_store_fail(store, MDB_PANIC, "looking for readers that died", err);
    }
    return check_length(store, err);
}

/* Until the version is known to be ours, nothing else is looked at. */
static enum qp_code check_version(struct qp_store *store, MDB_txn *txn, struct qp_err *err)
{
    MDB_val key = {.mv_size = sizeof VERSION_KEY - 1, .mv_data = (void *)(uintptr_t)VERSION_KEY};
    MDB_val value;
    int rc = mdb_dbi_open(txn, table_names[QP_TABLE_META], 0, &store->tables[QP_TABLE_META]);
    rc = rc == 0 ? mdb_get(txn, store->tables[QP_TABLE_META], &key, &value) : rc;
    if (rc == MDB_NOTFOUND) {
        return qp_fail(err, QP_E_STORE,
                       "%s is no store of a ledger, or was never finished; name another folder",
                       store->data_path);
    }
    if (rc != 0) {
        return qp_store_fail(store, rc, "reading its version", err);
    }
    uint32_t version = value.mv_size == 4 ? qp_load_be32(value.mv_data) : 0;
    if (version != QP_STORE_VERSION) {
        return qp_fail(err, QP_E_STORE,
                       "%s is of store version %u; this program knows version %d; use the program "
                       "that wrote it",
                       store->data_path, version, QP_STORE_VERSION);
    }
    return QP_OK;
}

static int create_tables(struct qp_store *store, MDB_txn *txn)
{
    int rc = 0;
    for (size_t i = 0; i < QP_TABLE_COUNT && rc == 0; i++) {
        rc = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &store->tables[i]);
    }
    uint8_t version[4];
    qp_store_be32(version, QP_STORE_VERSION);
    MDB_val key = {.mv_size = sizeof VERSION_KEY - 1, .mv_data = (void *)(uintptr_t)VERSION_KEY};
    MDB_val value = {.mv_size = sizeof version, .mv_data = version};
    return rc == 0 ? mdb_put(txn, store->tables[QP_TABLE_META], &key, &value, MDB_NOOVERWRITE) : rc;
}

static enum qp_code open_tables(struct qp_store *store, bool create, struct qp_err *err)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env, NULL, create ? 0U : (unsigned)MDB_RDONLY, &txn);
    if (rc != 0) {
        return qp_store_fail(store, rc, "opening its tables", err);
    }
    enum qp_code code = QP_OK;
    if (create) {
        rc = create_tables(store, txn);
    } else {
        code = check_version(store, txn, err);
        for (size_t i = 0; i < QP_TABLE_COUNT && rc == 0 && code == QP_OK; i++) {
            rc = mdb_dbi_open(txn, table_names[i], 0, &store->tables[i]);
        }
    }
    if (code != QP_OK || rc != 0) {
        mdb_txn_abort(txn);
        return code != QP_OK ? code : qp_store_fail(store, rc, "opening its tables", err);
    }
    rc = mdb_txn_commit(txn); /* a read transaction too: this is what keeps the tables open */
    return rc == 0 ? QP_OK : qp_store_fail(store, rc, "opening its tables", err);
}

enum qp_code qp_store_open(const char *dir, const struct qp_store_options *options,
                           struct qp_store **store, struct qp_err *err)
{
    struct qp_store *made = qp_alloc_zero(1, sizeof *made);
    char *path = path_in(dir, "data.mdb");
    QP_ASSERT(!options->alone || !(options->write || options->create));
    if (made == NULL || path == NULL) {
        qp_free(made);
        qp_free(path);
        return qp_fail(err, QP_E_MEMORY, "no memory to open a store");
    }
    made->data_path = path;
    made->write = options->write || options->create;
    made->map_bytes_max = options->map_bytes_max != 0 && options->map_bytes_max < MAP_BYTES_MOST
                              ? options->map_bytes_max
                              : MAP_BYTES_MOST;
    bool there = false;
    enum qp_code rc = qp_file_exists(path, &there, err);
    if (rc == QP_OK && !there && !options->create) {
        rc = qp_fail(err, QP_E_NOT_FOUND, "there is no ledger store at %s", path);
    }
    if (rc == QP_OK && there && options->create) {
        rc = qp_fail(err, QP_E_IO, "%s is there already", path);
    }
    /* Listed before LMDB opens the file, because a second open would break the first one's locks
     * already; a file that is not yet there cannot be open. */
    if (rc == QP_OK && options->create) {
        rc = qp_file_create(path, 0600, qp_span_of(NULL, 0), err);
    }
    rc = rc == QP_OK ? enter_list(made, err) : rc;
    rc = rc == QP_OK ? open_env(made, dir, options, err) : rc;
    rc = rc == QP_OK ? open_tables(made, options->create, err) : rc;
    rc = rc == QP_OK ? qp_store_refresh(made, err) : rc;
    if (rc != QP_OK) {
        qp_store_close(made);
        return rc;
    }
    *store = made;
    return QP_OK;
}

static void end_view(struct qp_store *store)
{
    if (store->view != NULL) {
        qp_packed_end(store);
        mdb_txn_abort(store->view);
        store->view = NULL;
    }
}

void qp_store_close(struct qp_store *store)
{
    if (store == NULL) {
        return;
    }
    end_view(store);
    if (store->env != NULL) {
        mdb_env_close(store->env);
    }
    leave_list(store);
    qp_free(store->data_path);
    qp_free(store);
}

enum qp_code qp_store_refresh(struct qp_store *store, struct qp_err *err)
{
    end_view(store);
    int rc = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->view);
    if (rc == MDB_MAP_RESIZED) { /* another process grew it */
        rc = mdb_env_set_mapsize(store->env, 0);
        rc = rc == 0 ? mdb_txn_begin(store->env, NULL, MDB_RDONLY, &store->view) : rc;
    }
    if (rc != 0) {
        store->view = NULL;
        return qp_store_fail(store, rc, "reading", err);
    }
    return QP_OK;
}

/* ---- Writing ---- */

static enum qp_code write_failed(struct qp_writer *writer, int rc, struct qp_err *err)
{
    writer->map_full = rc == MDB_MAP_FULL;
    return qp_store_fail(writer->store, rc, "writing", err);
}

static enum qp_code exists(const struct qp_writer *writer, enum qp_table table, struct qp_err *err)
{
    return qp_fail(err, QP_E_STORE,
                   "%s: table %s holds a row that should not be there; run an audit",
                   writer->store->data_path, table_names[table]);
}

static int cursor_of(struct qp_writer *writer, enum qp_table table, MDB_cursor **cursor)
{
    MDB_cursor **own = &writer->cursors[table];
    int rc = *own == NULL ? mdb_cursor_open(writer->txn, writer->store->tables[table], own) : 0;
    *cursor = *own;
    return rc;
}

/* Of a packed table. */
static enum qp_code packer_of(struct qp_writer *writer, enum qp_table table, MDB_cursor **cursor,
                              struct qp_packer **packer, struct qp_err *err)
{
    struct qp_packer **own = &writer->packers[table];
    *own = *own == NULL ? qp_packer_new(writer->store, table) : *own;
    *packer = *own;
    if (*own == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to write");
    }
    int rc = cursor_of(writer, table, cursor);
    return rc == 0 ? QP_OK : write_failed(writer, rc, err);
}

/* What became of a row of a packed table, or of those before it. */
static enum qp_code packed(struct qp_writer *writer, enum qp_table table, enum qp_code code, int rc,
                           struct qp_err *err)
{
    if (code != QP_OK || rc == 0) {
        return code;
    }
    return rc == MDB_KEYEXIST ? exists(writer, table, err) : write_failed(writer, rc, err);
}

static enum qp_code put_alone(struct qp_writer *writer, enum qp_table table, enum qp_put how,
                              struct qp_span key, struct qp_span value, struct qp_err *err)
{
    MDB_val k = qp_to_val(key);
    bool checked = table != QP_TABLE_META;
    MDB_val v = qp_to_val(value);
    v.mv_size += checked ? QP_CHECK_BYTES : 0;
    unsigned flags = how == QP_PUT_ANY   ? 0U
                     : how == QP_PUT_NEW ? (unsigned)MDB_NOOVERWRITE
                                         : (unsigned)(MDB_APPEND | MDB_NOOVERWRITE);
    flags |= checked ? (unsigned)MDB_RESERVE : 0U;
    MDB_cursor *cursor = NULL;
    int rc = cursor_of(writer, table, &cursor);
    rc = rc == 0 ? mdb_cursor_put(cursor, &k, &v, flags) : rc;
    if (rc == MDB_KEYEXIST) {
        return exists(writer, table, err);
    }
    if (rc == 0 && checked) {
        uint8_t *room = v.mv_data;
        if (value.len > 0) {
            memcpy(room, value.data, value.len);
        }
        qp_store_be32(room + value.len, qp_store_check(table, key, value));
    }
    return rc == 0 ? QP_OK : write_failed(writer, rc, err);
}

enum qp_code qp_write_put(struct qp_writer *writer, enum qp_table table, enum qp_put how,
                          struct qp_span key, struct qp_span value, struct qp_err *err)
{
    if (!qp_table_is_packed(table)) {
        return put_alone(writer, table, how, key, value, err);
    }
    MDB_cursor *cursor = NULL;
    struct qp_packer *packer = NULL;
    int rc = 0;
    enum qp_code code = packer_of(writer, table, &cursor, &packer, err);
    code = code == QP_OK ? qp_packer_put(packer, cursor, how, key, value, &rc, err) : code;
    return packed(writer, table, code, rc, err);
}

enum qp_code qp_write_delete(struct qp_writer *writer, enum qp_table table, struct qp_span key,
                             struct qp_err *err)
{
    if (qp_table_is_packed(table)) {
        MDB_cursor *cursor = NULL;
        struct qp_packer *packer = NULL;
        int rc = 0;
        enum qp_code code = packer_of(writer, table, &cursor, &packer, err);
        code = code == QP_OK ? qp_packer_delete(packer, cursor, key, &rc, err) : code;
        return packed(writer, table, code, rc, err);
    }
    MDB_val k = qp_to_val(key);
    int rc = mdb_del(writer->txn, writer->store->tables[table], &k, NULL);
    return rc == 0 || rc == MDB_NOTFOUND ? QP_OK : write_failed(writer, rc, err);
}

enum qp_code qp_write_clear(struct qp_writer *writer, enum qp_table table, struct qp_err *err)
{
    if (writer->packers[table] != NULL) {
        qp_packer_forget(writer->packers[table]);
    }
    int rc = mdb_drop(writer->txn, writer->store->tables[table], 0);
    return rc == 0 ? QP_OK : write_failed(writer, rc, err);
}

static enum qp_code flush_packers(struct qp_writer *writer, struct qp_err *err)
{
    enum qp_code code = QP_OK;
    for (size_t i = 0; i < QP_TABLE_COUNT && code == QP_OK; i++) {
        if (writer->packers[i] != NULL) {
            int rc = 0;
            code = qp_packer_flush(writer->packers[i], writer->cursors[i], &rc, err);
            code = packed(writer, (enum qp_table)i, code, rc, err);
        }
    }
    return code;
}

/* Twice the map. No transaction of this process may be open. */
static enum qp_code grow(struct qp_store *store, struct qp_err *err)
{
    MDB_envinfo info;
    int rc = mdb_env_info(store->env, &info);
    if (rc != 0) {
        return qp_store_fail(store, rc, "growing", err);
    }
    uint64_t now = info.me_mapsize;
    uint64_t limit = store->map_bytes_max / PAGE_BYTES * PAGE_BYTES;
    if (now >= limit) {
        return qp_fail(err, QP_E_FULL,
                       "%s has reached its limit of %llu bytes; open the ledger with a higher one "
                       "and submit the same file again, what was acknowledged is safe",
                       store->data_path, (unsigned long long)store->map_bytes_max);
    }
    uint64_t next = now > limit / 2 ? limit : whole_pages(2 * now);
    rc = mdb_env_set_mapsize(store->env, (size_t)next);
    return rc == 0 ? QP_OK : qp_store_fail(store, rc, "growing", err);
}

enum qp_code qp_store_write(struct qp_store *store,
                            enum qp_code (*job)(void *context, struct qp_writer *writer,
                                                struct qp_err *err),
                            void *context, struct qp_err *err)
{
    if (!store->write) {
        return qp_fail(err, QP_E_USAGE, "%s is open for reading", store->data_path);
    }
    if (store->failed) {
        return qp_fail(err, QP_E_STORE,
                       "%s: an earlier write failed; open the ledger again before the next",
                       store->data_path);
    }
    end_view(store);
    for (;;) {
        struct qp_writer writer = {.store = store};
        int dead = 0; /* readers that were killed in a view, which would hold on to it for ever */
        int rc = mdb_reader_check(store->env, &dead);
        rc = rc == 0 ? mdb_txn_begin(store->env, NULL, 0, &writer.txn) : rc;
        if (rc == MDB_MAP_RESIZED) {
            rc = mdb_env_set_mapsize(store->env, 0);
            rc = rc == 0 ? mdb_txn_begin(store->env, NULL, 0, &writer.txn) : rc;
        }
        if (rc != 0) {
            store->failed = true;
            return qp_store_fail(store, rc, "writing", err);
        }
        enum qp_code code = job(context, &writer, err);
        code = code == QP_OK ? flush_packers(&writer, err) : code;
        for (size_t i = 0; i < QP_TABLE_COUNT; i++) {
            qp_packer_free(writer.packers[i]);
        }
        if (code == QP_OK) {
            rc = mdb_txn_commit(writer.txn); /* frees it on failure too */
            code = rc == 0 ? QP_OK : write_failed(&writer, rc, err);
        } else {
            mdb_txn_abort(writer.txn);
        }
        if (code == QP_OK) {
            return qp_store_refresh(store, err);
        }
        /* The map can be full at any step, the commit included. */
        if (!writer.map_full || (code = grow(store, err)) != QP_OK) {
            store->failed = true;
            return code;
        }
    }
}

/* The version as it is. LMDB writes nothing for a transaction that changes nothing. */
static enum qp_code put_version(void *context, struct qp_writer *writer, struct qp_err *err)
{
    uint8_t version[4];
    (void)context;
    qp_store_be32(version, QP_STORE_VERSION);
    return qp_write_put(writer, QP_TABLE_META, QP_PUT_ANY, qp_span_text(VERSION_KEY),
                        qp_span_of(version, sizeof version), err);
}

enum qp_code qp_store_settle(struct qp_store *store, struct qp_err *err)
{
    return qp_store_write(store, put_version, NULL, err);
}
