#include "handout.h"

#include "host/file.h"
#include "wire/json.h"

#include <quipu/note.h>

enum qp_code handout_write(const struct handout *handout, json_t **json, struct qp_err *err)
{
    char id[65];
    char vkey_text[QP_VKEY_TEXT_BYTES];
    struct qp_vkey vkey;
    struct qp_buf path = {0};
    struct qp_buf text = {0};
    json_t *made = NULL;
    qp_hash_hex(id, &handout->ledger_id);
    enum qp_code rc =
        qp_vkey_init(&vkey, qp_span_text(handout->origin), QP_VKEY_NOTE, &handout->log_key, err);
    if (rc == QP_OK) {
        qp_vkey_format(&vkey, vkey_text);
        made = json_pack("{s:s, s:s, s:s, s:s}", "ledger_id", id, "origin", handout->origin, "name",
                         handout->name, "log_vkey", vkey_text);
        rc = qp_json_print(made, 2, &text, err);
    }
    rc = rc == QP_OK ? qp_buf_add_text(&text, "\n", err) : rc;
    rc = rc == QP_OK ? qp_buf_addf(&path, err, "%s/ledger.json", handout->dir) : rc;
    rc = rc == QP_OK ? qp_file_create((const char *)path.data, 0644, qp_span_buf(&text), err) : rc;
    if (rc == QP_OK && json != NULL) {
        *json = made;
    } else {
        json_decref(made);
    }
    qp_buf_wipe(&path);
    qp_buf_wipe(&text);
    return rc;
}
