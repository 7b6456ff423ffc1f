/* quipu events: the kinds of events there are, and what each holds, from the same table that the
 * decoder enforces. */
#include "cli.h"

#include "core/check.h"
#include "wire/json.h"

#include <string.h>

static const struct cli_column kind_columns[] = {{.title = "EVENT"}, {.title = "", .wrap = true}};
static const struct cli_column field_columns[] = {
    {.title = "FIELD"}, {.title = "HOLDS"}, {.title = "", .wrap = true}};

/* Rows of an event's fields, deeper ones indented under theirs. */
#define INDENT 2

static bool is_choice(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* The events are the bodies of Event. */
static const struct qp_field_rule *find_event(const char *name)
{
    const ProtobufCMessageDescriptor *event = qp_rule_event.descriptor;
    for (unsigned i = 0; i < event->n_fields; i++) {
        if (is_choice(&event->fields[i]) && strcmp(event->fields[i].name, name) == 0) {
            return &qp_rule_event.fields[i];
        }
    }
    return NULL;
}

static void list_events(struct cli *cli)
{
    struct cli_table table = {.columns = kind_columns, .column_count = QP_COUNT(kind_columns)};
    const ProtobufCMessageDescriptor *event = qp_rule_event.descriptor;
    for (unsigned i = 0; i < event->n_fields; i++) {
        if (is_choice(&event->fields[i])) {
            cli_cell(cli, &table, event->fields[i].name);
            cli_cell(cli, &table, qp_rule_event.fields[i].message->about);
        }
    }
    cli_table_print(cli, &table, stdout);
}

static void add_names(struct qp_buf *text, const ProtobufCEnumDescriptor *names)
{
    for (unsigned i = 0; i < names->n_values; i++) {
        char name[40];
        if (names->values[i].value == 0) {
            continue;
        }
        qp_enum_name(name, names, names->values[i].value);
        if (qp_buf_addf(text, NULL, "%s%s", text->len > 0 ? ", " : "", name) != QP_OK) {
            return;
        }
    }
}

static const char *class_words(enum qp_field_class class)
{
    switch (class) {
    case QP_CLASS_TIME:
        return "time";
    case QP_CLASS_CODE:
        return "code without spaces";
    case QP_CLASS_DIGITS:
        return "digits";
    case QP_CLASS_COUNTRY:
        return "country, two letters";
    case QP_CLASS_PARTY:
        return "party";
    case QP_CLASS_ID:
        return "id: PARTY/LOCAL";
    case QP_CLASS_NAME:
        return "party or id";
    case QP_CLASS_HEX:
        return "hexadecimal";
    case QP_CLASS_BASE64:
        return "base64";
    case QP_CLASS_TEXT:
    case QP_CLASS_ORIGIN:
    case QP_CLASS_NONE:
        break;
    }
    return "text";
}

/* "text, at most 40", "number", "one of …", "list of objects". */
static void add_holds(struct qp_buf *text, const ProtobufCFieldDescriptor *field,
                      const struct qp_field_rule *rule)
{
    const char *words = class_words(rule->class);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        words = field->descriptor == &qp__sealed__descriptor ? "sealed content" : "object";
    } else if (field->type == PROTOBUF_C_TYPE_ENUM) {
        words = "one of the names";
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        words = "true or false";
    } else if (rule->class == QP_CLASS_NONE) {
        words = "whole number";
    }
    bool list = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (qp_buf_addf(text, NULL, "%s%s", list ? "list: " : "", words) == QP_OK && !list &&
        field->type == PROTOBUF_C_TYPE_STRING && rule->class <= QP_CLASS_DIGITS) {
        /* A failure here only makes the help shorter. */
        enum qp_code rc = rule->least == rule->most
                              ? qp_buf_addf(text, NULL, ", %lld", (long long)rule->most)
                              : qp_buf_addf(text, NULL, ", up to %lld", (long long)rule->most);
        (void)rc;
    }
}

static bool is_needed(const ProtobufCFieldDescriptor *field, const struct qp_field_rule *rule)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return rule->count_least > 0;
    }
    return rule->required || (field->type != PROTOBUF_C_TYPE_MESSAGE &&
                              field->type != PROTOBUF_C_TYPE_ENUM && rule->least > 0);
}

static void add_field(struct cli *cli, struct cli_table *table, const struct qp_message_rule *rule,
                      unsigned i, int depth)
{
    const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
    const struct qp_field_rule *holds = &rule->fields[i];
    char name[QP_JSON_NAME_BYTES];
    struct qp_buf text = {0};
    struct qp_buf note = {0};
    qp_json_name(name, rule, i);
    add_holds(&text, field, holds);
    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        add_names(&note, field->descriptor);
    }
    enum qp_code rc = QP_OK;
    if (holds->note[0] != '\0') {
        rc = qp_buf_addf(&note, NULL, "%s%s", note.len > 0 ? "; " : "", holds->note);
    }
    cli_cellf(cli, table, "%*s%s%s", depth * INDENT, "", name, is_needed(field, holds) ? " *" : "");
    cli_cellf(cli, table, "%.*s", (int)text.len, (const char *)text.data);
    cli_cellf(cli, table, "%.*s", rc == QP_OK ? (int)note.len : 0,
              note.data != NULL ? (const char *)note.data : "");
    qp_buf_wipe(&text);
    qp_buf_wipe(&note);
}

static void add_fields(struct cli *cli, struct cli_table *table, const struct qp_message_rule *rule,
                       int depth)
{
    for (unsigned i = 0; i < rule->descriptor->n_fields; i++) {
        add_field(cli, table, rule, i, depth);
        if (rule->fields[i].message != NULL && rule->fields[i].message != &qp_rule_sealed) {
            add_fields(cli, table, rule->fields[i].message, depth + 1);
        }
    }
}

static bool has_sealed(const struct qp_message_rule *rule)
{
    for (unsigned i = 0; i < rule->descriptor->n_fields; i++) {
        const struct qp_message_rule *child = rule->fields[i].message;
        if (child == &qp_rule_sealed || (child != NULL && has_sealed(child))) {
            return true;
        }
    }
    return false;
}

static void show_event(struct cli *cli, const struct qp_field_rule *event)
{
    struct cli_table table = {.columns = field_columns, .column_count = QP_COUNT(field_columns)};
    printf("%s\n", event->name);
    if (event->message->about[0] != '\0') {
        fputs("  ", stdout);
        cli_wrap(stdout, event->message->about, 2, 2, 78);
    }
    putchar('\n');
    add_fields(cli, &table, event->message, 0);
    cli_table_print(cli, &table, stdout);
    printf("\n* is needed; the rest may be left out. In a file for quipu sign:\n"
           "  {\"occurred\": \"2026-05-14T10:00:00-05:00\", \"%s\": {...}}\n",
           event->name);
    if (has_sealed(event->message)) {
        puts("Sealed content is given in the clear and sealed when it is signed:\n"
             "  {\"seal\": {\"kind\": \"document\", \"content\": {\"file\": \"paper.pdf\"}}}");
    }
}

/* The same as one JSON object for each event: fields with what they hold. */
static json_t *fields_json(const struct qp_message_rule *rule)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < rule->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &rule->descriptor->fields[i];
        const struct qp_field_rule *holds = &rule->fields[i];
        char name[QP_JSON_NAME_BYTES];
        struct qp_buf text = {0};
        qp_json_name(name, rule, i);
        add_holds(&text, field, holds);
        json_t *row = json_pack("{s:s, s:s#, s:b, s:s}", "name", name, "holds",
                                (const char *)text.data, (int)text.len, "needed",
                                is_needed(field, holds) ? 1 : 0, "note", holds->note);
        qp_buf_wipe(&text);
        if (field->type == PROTOBUF_C_TYPE_ENUM) {
            struct qp_buf names = {0};
            add_names(&names, field->descriptor);
            json_object_set_new(row, "names", json_stringn((const char *)names.data, names.len));
            qp_buf_wipe(&names);
        }
        if (holds->message != NULL && holds->message != &qp_rule_sealed) {
            json_object_set_new(row, "fields", fields_json(holds->message));
        }
        json_array_append_new(list, row);
    }
    return list;
}

static void event_json(struct cli *cli, const struct qp_field_rule *event)
{
    cli_json(cli, json_pack("{s:s, s:s, s:o}", "event", event->name, "about", event->message->about,
                            "fields", fields_json(event->message)));
}

enum qp_code cmd_events(struct cli *cli, int argc, char **argv, struct qp_err *err)
{
    static const struct cli_spec spec = {
        .name = "events",
        .operands = "[EVENT]",
        .about = "List the kinds of events that can be signed; with EVENT, such as lot_harvested, "
                 "what it holds: each field with its form and unit, as quipu sign reads it.",
        .operands_most = 1,
        .json = true,
    };
    struct cli_operands operands;
    enum qp_code rc = cli_parse(cli, &spec, argc, argv, &operands, err);
    if (rc != QP_OK || operands.help) {
        return rc;
    }
    if (operands.count == 1) {
        const struct qp_field_rule *event = find_event(operands.list[0]);
        if (event == NULL) {
            return qp_fail(err, QP_E_NOT_FOUND,
                           "there is no event \"%s\"; quipu events lists those there are",
                           cli_safe(cli, operands.list[0]));
        }
        if (cli->json) {
            event_json(cli, event);
        } else {
            show_event(cli, event);
        }
    } else if (cli->json) {
        const ProtobufCMessageDescriptor *event = qp_rule_event.descriptor;
        for (unsigned i = 0; i < event->n_fields; i++) {
            if (is_choice(&event->fields[i])) {
                event_json(cli, &qp_rule_event.fields[i]);
            }
        }
    } else {
        list_events(cli);
    }
    return QP_OK;
}
