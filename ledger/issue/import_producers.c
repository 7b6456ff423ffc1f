#include "issue/import_priv.h"

#include "core/check.h"
#include "issue/identity.h"

#include <string.h>

enum { PRODUCER, NAME, DOCUMENT, SEX, DISTRICT, COMMUNITY, COLUMNS };

static const struct qp_csv_column columns[COLUMNS] = {
    [PRODUCER] = {"producer", true},  [NAME] = {"name", true},
    [DOCUMENT] = {"document", true},  [SEX] = {"sex", false},
    [DISTRICT] = {"district", false}, [COMMUNITY] = {"community", false},
};

static enum qp_code check_person(struct qp_importing *in, const Qp__Producer *person,
                                 const char *id, struct qp_err *why)
{
    if (strcmp(person->sex, "") != 0 && strcmp(person->sex, "F") != 0 &&
        strcmp(person->sex, "M") != 0) {
        return qp_fail(why, QP_E_INPUT, "sex %s is neither F nor M nor empty",
                       qp_import_quote(in, qp_span_text(person->sex)));
    }
    const char *quoted = qp_import_quote(in, qp_span_text(person->document));
    enum qp_code rc = qp_identity_check(person->document, true, quoted, why);
    if (rc != QP_OK || person->document[0] == '\0') {
        return rc;
    }
    const struct qp_catalog_item *item = qp_import_find(in, QP_CATALOG_DOCUMENT, person->document);
    if (item != NULL) {
        return qp_fail(why, QP_E_REFUSED,
                       "document: %s and %s (%s) have the same one; one person is one producer", id,
                       item->owner, qp_import_where(in, item));
    }
    return QP_OK;
}

static enum qp_code take_texts(struct qp_importing *in, const struct qp_span *cells,
                               Qp__Producer *person, struct qp_err *why)
{
    enum qp_code rc = qp_cell_text(in, "name", cells[NAME], true, &person->name, why);
    if (rc == QP_OK) {
        rc = qp_cell_text(in, "document", cells[DOCUMENT], false, &person->document, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_text(in, "sex", cells[SEX], false, &person->sex, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_text(in, "district", cells[DISTRICT], false, &person->district, why);
    }
    if (rc == QP_OK) {
        rc = qp_cell_text(in, "community", cells[COMMUNITY], false, &person->community, why);
    }
    return rc;
}

static enum qp_code note_new(struct qp_importing *in, const char *id, const char *document,
                             struct qp_err *why)
{
    struct qp_catalog_item item = {.kind = QP_CATALOG_PRODUCER, .id = id, .place = in->place};
    enum qp_code rc = qp_catalog_add(in->local, &item, why);
    if (rc == QP_OK && document[0] != '\0') {
        item = (struct qp_catalog_item){
            .kind = QP_CATALOG_DOCUMENT, .id = document, .owner = id, .place = in->place};
        rc = qp_catalog_add(in->local, &item, why);
    }
    return rc;
}

static enum qp_code take(struct qp_importing *in, const struct qp_span *cells, struct qp_err *why)
{
    Qp__Producer person;
    Qp__ProducerRegistered body;
    Qp__Event event;
    char *id = NULL;
    qp__producer__init(&person);
    qp__producer_registered__init(&body);
    qp__event__init(&event);
    struct qp_err part;
    qp_err_init(&part);
    enum qp_code rc =
        qp_cell_new_id(in, "producer", cells[PRODUCER], QP_CATALOG_PRODUCER, &id, &part);
    rc = qp_import_part(in, QP_OK, rc, &part, why);
    enum qp_code texts = take_texts(in, cells, &person, &part);
    rc = qp_import_part(in, rc, texts, &part, why);
    if (texts == QP_OK) {
        rc = qp_import_part(in, rc, check_person(in, &person, id == NULL ? "this one" : id, &part),
                            &part, why);
    }
    if (rc == QP_OK) {
        rc = qp_draft_seal_message(in->draft, QP__SEALED_KIND__SEALED_KIND_PRODUCER, &person,
                                   &body.identity, why);
    }
    if (rc != QP_OK) {
        return rc;
    }
    body.producer = id;
    event.occurred_ms = in->options->occurred_ms;
    event.body_case = QP__EVENT__BODY_PRODUCER_REGISTERED;
    event.producer_registered = &body;
    rc = qp_import_event(in, &event, why);
    return rc == QP_OK ? note_new(in, id, person.document, why) : rc;
}

enum qp_code qp_import_producers(struct qp_draft *draft, struct qp_span file,
                                 const struct qp_import_options *options,
                                 struct qp_import_report *report, struct qp_buf *bad_rows,
                                 struct qp_err *err)
{
    static const struct qp_import_csv csv = {
        .columns = columns, .column_count = COLUMNS, .take = take};
    struct qp_importing in = {
        .options = options, .draft = draft, .report = report, .bad_rows = bad_rows, .file = file};
    return qp_import_csv_run(&in, &csv, err);
}
