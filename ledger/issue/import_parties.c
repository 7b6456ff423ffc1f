/* Parties with their first keys, as a registrar enrols them. */
#include "issue/import_priv.h"

#include "core/check.h"
#include "rules/identifier.h"

#include <quipu/note.h>

#include <string.h>

enum { PARTY, LEGAL_NAME, COUNTRY, RUC, GLN, ROLES, VKEY_FILE, ADDRESS, EMAIL, PHONE, COLUMNS };

static const struct qp_csv_column columns[COLUMNS] = {
    [PARTY] = {"party", true},
    [LEGAL_NAME] = {"legal_name", true},
    [COUNTRY] = {"country", true},
    [RUC] = {"ruc", true},
    [GLN] = {"gln", true},
    [ROLES] = {"roles", true},
    [VKEY_FILE] = {"vkey_file", true},
    [ADDRESS] = {"address", false},
    [EMAIL] = {"email", false},
    [PHONE] = {"phone", false},
};

#define ROLES_MAX 8
#define IDENTIFIERS_MAX 2

/* Everything that points into a row lives in the scratch or here, until the event is added. */
struct row {
    Qp__Event event;
    Qp__PartyEnrolled body;
    Qp__Role roles[ROLES_MAX];
    Qp__PartyIdentifier identifiers[IDENTIFIERS_MAX];
    Qp__PartyIdentifier *identifier_list[IDENTIFIERS_MAX];
    struct qp_public_key key;
    Qp__Contact contact;
};

static enum qp_code take_name(struct qp_importing *in, const struct qp_span *cells, struct row *row,
                              struct qp_err *why)
{
    enum qp_code rc = qp_cell_text(in, "party", cells[PARTY], true, &row->body.party, why);
    if (rc != QP_OK) {
        return rc;
    }
    struct qp_span name = qp_span_text(row->body.party);
    if (!qp_class_check(QP_CLASS_PARTY, name)) {
        return qp_fail(why, QP_E_INPUT,
                       "party %s is not a short name: small letters, digits and '-', such as "
                       "alto-mayo",
                       qp_import_quote(in, name));
    }
    const struct qp_catalog_item *item = qp_import_find(in, QP_CATALOG_PARTY, row->body.party);
    if (item != NULL) {
        return qp_refuse(why, "QP-PARTY-NEW", "party %s is enrolled already, in %s",
                         row->body.party, qp_import_where(in, item));
    }
    rc = qp_cell_text(in, "legal_name", cells[LEGAL_NAME], true, &row->body.legal_name, why);
    if (rc == QP_OK) {
        rc = qp_cell_text(in, "country", cells[COUNTRY], true, &row->body.country, why);
    }
    struct qp_span country = qp_span_text(row->body.country);
    if (rc == QP_OK && (country.len != 2 || !qp_class_check(QP_CLASS_COUNTRY, country))) {
        rc = qp_fail(why, QP_E_INPUT, "country %s is not a code of two letters, such as PE",
                     qp_import_quote(in, country));
    }
    return rc;
}

static enum qp_code take_identifier(struct qp_importing *in, struct qp_span cell,
                                    Qp__IdentifierScheme scheme, struct row *row,
                                    struct qp_err *why)
{
    bool is_ruc = scheme == QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_RUC;
    size_t at = row->body.n_identifiers;
    char *value = NULL;
    if (qp_cell_trim(cell).len == 0) {
        return QP_OK;
    }
    enum qp_code rc = qp_cell_text(in, is_ruc ? "ruc" : "gln", cell, true, &value, why);
    if (rc == QP_OK) {
        rc = is_ruc ? qp_ruc_check(value, why) : qp_gln_check(value, why);
    }
    if (rc != QP_OK) {
        return rc;
    }
    QP_ASSERT(at < IDENTIFIERS_MAX);
    qp__party_identifier__init(&row->identifiers[at]);
    row->identifiers[at].scheme = scheme;
    row->identifiers[at].value = value;
    row->identifier_list[at] = &row->identifiers[at];
    row->body.identifiers = row->identifier_list;
    row->body.n_identifiers++;
    return QP_OK;
}

static enum qp_code add_role(struct qp_importing *in, struct qp_span name, struct row *row,
                             struct qp_err *why)
{
    int value = 0;
    enum qp_code rc = qp_cell_enum(in, "roles", name, &qp__role__descriptor, &value, why);
    if (rc != QP_OK) {
        return rc;
    }
    size_t at = row->body.n_roles;
    for (; at > 0 && (int)row->roles[at - 1] >= value; at--) {
        if ((int)row->roles[at - 1] == value) {
            return QP_OK; /* named twice */
        }
    }
    if (row->body.n_roles == ROLES_MAX) {
        return qp_fail(why, QP_E_INPUT, "roles: more than %d", ROLES_MAX);
    }
    memmove(&row->roles[at + 1], &row->roles[at], (row->body.n_roles - at) * sizeof row->roles[0]);
    row->roles[at] = (Qp__Role)value;
    row->body.n_roles++;
    row->body.roles = row->roles;
    return QP_OK;
}

static enum qp_code take_roles(struct qp_importing *in, struct qp_span cell, struct row *row,
                               struct qp_err *why)
{
    enum qp_code rc = QP_OK;
    for (size_t at = 0; rc == QP_OK && at <= cell.len;) {
        const uint8_t *bar = at < cell.len ? memchr(cell.data + at, '|', cell.len - at) : NULL;
        size_t end = bar == NULL ? cell.len : (size_t)(bar - cell.data);
        rc = add_role(in, qp_span_of(cell.data + at, end - at), row, why);
        at = end + 1;
    }
    return rc;
}

static struct qp_span without_line_end(struct qp_span text)
{
    while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r')) {
        text.len--;
    }
    return text;
}

/* A file that cannot be read is this row's fault, not the machine's. */
static enum qp_code read_file(const struct qp_importing *in, const char *path, struct qp_buf *text,
                              struct qp_err *why)
{
    const struct qp_file_reader *reader = in->options->read_file;
    struct qp_err inner;
    qp_err_init(&inner);
    if (reader == NULL) {
        return qp_fail(why, QP_E_USAGE, "key files are not read here");
    }
    enum qp_code rc = reader->read(reader->context, path, text, &inner);
    if (rc == QP_OK || rc == QP_E_MEMORY) {
        return rc == QP_OK ? rc : qp_fail(why, rc, "%s", inner.text);
    }
    return qp_fail(why, QP_E_INPUT, "vkey_file: %s", inner.text);
}

static enum qp_code take_key(struct qp_importing *in, struct qp_span cell, struct row *row,
                             struct qp_err *why)
{
    char *path = NULL;
    struct qp_buf text = {0};
    struct qp_vkey vkey;
    enum qp_code rc = qp_cell_text(in, "vkey_file", cell, true, &path, why);
    if (rc == QP_OK) {
        rc = read_file(in, path, &text, why);
    }
    if (rc == QP_OK) {
        rc = qp_vkey_parse(without_line_end(qp_span_buf(&text)), &vkey, why);
        rc = rc == QP_OK
                 ? rc
                 : qp_prefix(why, rc, "vkey_file %s", qp_import_quote(in, qp_span_text(path)));
    }
    qp_buf_wipe(&text);
    if (rc == QP_OK && vkey.type != QP_VKEY_NOTE) {
        rc = qp_fail(why, QP_E_INPUT, "vkey_file %s is a witness's key, which signs no statements",
                     qp_import_quote(in, qp_span_text(path)));
    }
    if (rc != QP_OK) {
        return rc;
    }
    row->key = vkey.key;
    row->body.key = qp_bytes_span(qp_span_of(row->key.bytes, sizeof row->key.bytes));
    char hex[65];
    qp_hex_encode(hex, qp_span_bytes(row->body.key));
    const struct qp_catalog_item *item = qp_import_find(in, QP_CATALOG_KEY, hex);
    if (item != NULL) {
        return qp_refuse(why, "QP-KEY-REUSE",
                         "vkey_file: %s has this key already (%s); each party "
                         "makes its own",
                         item->owner, qp_import_where(in, item));
    }
    return QP_OK;
}

static enum qp_code take_contact(struct qp_importing *in, const struct qp_span *cells,
                                 struct row *row, struct qp_err *why)
{
    Qp__Contact *contact = &row->contact;
    qp__contact__init(contact);
    enum qp_code rc = qp_cell_text(in, "address", cells[ADDRESS], false, &contact->address, why);
    if (rc == QP_OK) {
        rc = qp_cell_text(in, "email", cells[EMAIL], false, &contact->email, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_text(in, "phone", cells[PHONE], false, &contact->phone, why);
    }
    if (rc == QP_OK && contact->address[0] == '\0' && contact->email[0] == '\0' &&
        contact->phone[0] == '\0') {
        return QP_OK;
    }
    return rc == QP_OK ? qp_draft_seal_message(in->draft, QP__SEALED_KIND__SEALED_KIND_CONTACT,
                                               contact, &row->body.contact, why)
                       : rc;
}

static enum qp_code fill(struct qp_importing *in, const struct qp_span *cells, struct row *row,
                         struct qp_err *why)
{
    struct qp_err part;
    qp_err_init(&part);
    enum qp_code rc = qp_import_part(in, QP_OK, take_name(in, cells, row, &part), &part, why);
    rc = qp_import_part(
        in, rc,
        take_identifier(in, cells[RUC], QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_RUC, row, &part),
        &part, why);
    rc = qp_import_part(
        in, rc,
        take_identifier(in, cells[GLN], QP__IDENTIFIER_SCHEME__IDENTIFIER_SCHEME_GLN, row, &part),
        &part, why);
    rc = qp_import_part(in, rc, take_roles(in, cells[ROLES], row, &part), &part, why);
    rc = qp_import_part(in, rc, take_key(in, cells[VKEY_FILE], row, &part), &part, why);
    return qp_import_part(in, rc, take_contact(in, cells, row, &part), &part, why);
}

static enum qp_code note_new(struct qp_importing *in, const struct row *row, struct qp_err *why)
{
    char hex[65];
    qp_hex_encode(hex, qp_span_bytes(row->body.key));
    struct qp_catalog_item item = {
        .kind = QP_CATALOG_PARTY, .id = row->body.party, .place = in->place};
    enum qp_code rc = qp_catalog_add(in->local, &item, why);
    if (rc == QP_OK) {
        item = (struct qp_catalog_item){
            .kind = QP_CATALOG_KEY, .id = hex, .owner = row->body.party, .place = in->place};
        rc = qp_catalog_add(in->local, &item, why);
    }
    return rc;
}

static enum qp_code take(struct qp_importing *in, const struct qp_span *cells, struct qp_err *why)
{
    struct row *row = qp_arena_alloc_zero(&in->scratch, 1, sizeof *row);
    if (row == NULL) {
        return qp_fail(why, QP_E_MEMORY, "no memory to import");
    }
    qp__event__init(&row->event);
    qp__party_enrolled__init(&row->body);
    enum qp_code rc = fill(in, cells, row, why);
    if (rc != QP_OK) {
        return rc;
    }
    row->event.occurred_ms = in->options->occurred_ms;
    row->event.body_case = QP__EVENT__BODY_PARTY_ENROLLED;
    row->event.party_enrolled = &row->body;
    rc = qp_import_event(in, &row->event, why);
    return rc == QP_OK ? note_new(in, row, why) : rc;
}

enum qp_code qp_import_parties(struct qp_draft *draft, struct qp_span file,
                               const struct qp_import_options *options,
                               struct qp_import_report *report, struct qp_buf *bad_rows,
                               struct qp_err *err)
{
    static const struct qp_import_csv csv = {
        .columns = columns, .column_count = COLUMNS, .take = take};
    struct qp_importing in = {.options = options,
                              .draft = draft,
                              .report = report,
                              .bad_rows = bad_rows,
                              .file = file,
                              .whole_ids = true};
    return qp_import_csv_run(&in, &csv, err);
}
