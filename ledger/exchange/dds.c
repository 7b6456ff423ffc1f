#include "exchange/dds.h"

#include "core/check.h"
#include "exchange/species.h"
#include "exchange/xml_write.h"

#include <inttypes.h>
#include <string.h>

/* A field takes the namespace of the section of the reference in which its parent's type stands:
 * "Common Types" are eudrCommon, "Types" are dds. */
#define NAMESPACES                                                                                 \
    " xmlns:dds=\"http://ec.europa.eu/tracesnt/certificate/eudr/due-diligence-statement/v3\""      \
    " xmlns:eudrCommon=\"http://ec.europa.eu/tracesnt/certificate/eudr/common/v3\""

struct writing {
    struct qp_xml xml;
    const struct qp_traces *traces;
    const json_t *object; /* the operator's file */
    const json_t *goods;  /* the verdict's */
    const struct qp_species *species;
    void (*missing)(void *context, const char *path, const char *what);
    void *context;
    size_t missing_count;
};

/* ---- What the importer fills in ---- */

static void miss(struct writing *to, const char *path, const char *what)
{
    char text[300];
    to->missing_count++;
    to->missing(to->context, path, what);
    snprintf(text, sizeof text, "missing: %s, %s", path, what);
    qp_xml_comment(&to->xml, text);
}

/* `name` is "dds:comment" or "eudrCommon:city"; the member is what stands behind the colon. */
static void put_text(struct writing *to, const json_t *object, const char *name, const char *what)
{
    const char *text = json_string_value(json_object_get(object, strchr(name, ':') + 1));
    if (text != NULL) {
        qp_xml_text(&to->xml, name, text);
    } else if (what != NULL) {
        miss(to, name, what);
    }
}

static void put_number(struct writing *to, const char *name)
{
    const json_t *value = json_object_get(to->object, strchr(name, ':') + 1);
    char text[24];
    if (value != NULL) {
        snprintf(text, sizeof text, "%" PRId64, (int64_t)json_integer_value(value));
        qp_xml_text(&to->xml, name, text);
    }
}

static void put_reference(struct writing *to, const json_t *trader)
{
    const json_t *reference = json_object_get(trader, "operatorReferenceNumber");
    qp_xml_open(&to->xml, "eudrCommon:operatorReferenceNumber", "");
    put_text(to, reference, "eudrCommon:identifierType", "which number it is, such as eori");
    put_text(to, reference, "eudrCommon:identifierValue", "the operator's EORI or other number");
    qp_xml_close(&to->xml, "eudrCommon:operatorReferenceNumber");
}

static void put_represented(struct writing *to)
{
    const json_t *trader = json_object_get(to->object, "representedOperator");
    const json_t *address = json_object_get(trader, "operatorAddress");
    const char *role = json_string_value(json_object_get(to->object, "operatorRole"));
    if (trader == NULL && (role == NULL || strcmp(role, "OPERATOR") == 0)) {
        return; /* the account in the system says who it is */
    }
    qp_xml_open(&to->xml, "dds:representedOperator", "");
    put_reference(to, trader);
    qp_xml_open(&to->xml, "eudrCommon:operatorAddress", "");
    put_text(to, address, "eudrCommon:country", "two letters");
    put_text(to, address, "eudrCommon:street", "street and number");
    put_text(to, address, "eudrCommon:postalCode", "postal code");
    put_text(to, address, "eudrCommon:city", "city");
    put_text(to, address, "eudrCommon:fullAddress", NULL);
    qp_xml_close(&to->xml, "eudrCommon:operatorAddress");
    put_text(to, trader, "eudrCommon:operatorEmail", "e-mail address");
    put_text(to, trader, "eudrCommon:operatorPhone", "telephone number");
    put_text(to, trader, "eudrCommon:operatorName", "name of the operator");
    qp_xml_close(&to->xml, "dds:representedOperator");
}

/* ---- What the bundle knows ---- */

static void put_description(struct writing *to)
{
    char text[160];
    const char *hs_code = json_string_value(json_object_get(to->goods, "hs_code"));
    json_int_t bags = json_integer_value(json_object_get(to->goods, "bags"));
    if (json_object_get(to->object, "descriptionOfGoods") != NULL) {
        put_text(to, to->object, "eudrCommon:descriptionOfGoods", NULL);
        return;
    }
    if (bags > 0) {
        snprintf(text, sizeof text, "%s, HS %s, in %lld bags", to->species->description, hs_code,
                 (long long)bags);
    } else {
        snprintf(text, sizeof text, "%s, HS %s", to->species->description, hs_code);
    }
    qp_xml_text(&to->xml, "eudrCommon:descriptionOfGoods", text);
}

/* Kilograms, without zeros behind the last decimal that says something. */
static void put_weight(struct writing *to)
{
    uint64_t grams = (uint64_t)json_integer_value(json_object_get(to->goods, "net_grams"));
    char text[32];
    int len = snprintf(text, sizeof text, "%" PRIu64 ".%03" PRIu64, grams / 1000, grams % 1000);
    while (len > 0 && text[len - 1] == '0') {
        len--;
    }
    len -= len > 0 && text[len - 1] == '.';
    text[len] = '\0';
    qp_xml_text(&to->xml, "eudrCommon:netWeight", text);
}

static void put_descriptors(struct writing *to)
{
    qp_xml_open(&to->xml, "dds:descriptors", "");
    put_description(to);
    qp_xml_open(&to->xml, "eudrCommon:goodsMeasure", "");
    put_number(to, "eudrCommon:percentageEstimationOrDeviation");
    put_weight(to);
    put_number(to, "eudrCommon:supplementaryUnit");
    put_text(to, to->object, "eudrCommon:supplementaryUnitQualifier", NULL);
    qp_xml_close(&to->xml, "eudrCommon:goodsMeasure");
    qp_xml_close(&to->xml, "dds:descriptors");
}

static void put_one_species(struct writing *to, const char *scientific, const char *common)
{
    qp_xml_open(&to->xml, "dds:speciesInfo", "");
    qp_xml_text(&to->xml, "dds:scientificName", scientific);
    qp_xml_text(&to->xml, "dds:commonName", common);
    qp_xml_close(&to->xml, "dds:speciesInfo");
}

static void put_species(struct writing *to)
{
    const json_t *list = json_object_get(to->object, "speciesInfo");
    if (list == NULL) {
        put_one_species(to, to->species->scientific_name, to->species->common_name);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        put_one_species(to, json_string_value(json_object_get(one, "scientificName")),
                        json_string_value(json_object_get(one, "commonName")));
    }
}

static enum qp_code put_producers(struct writing *to, struct qp_err *err)
{
    struct qp_buf plots = {0};
    size_t bytes = 0;
    enum qp_code rc = QP_OK;
    for (size_t i = 0; rc == QP_OK && i < to->traces->group_count; i++) {
        const struct qp_traces_group *group = &to->traces->groups[i];
        char position[24];
        plots.len = 0;
        rc = qp_traces_producer(to->traces, i, &plots, err);
        bytes += plots.len;
        if (rc == QP_OK && bytes > QP_TRACES_GEOJSON_BYTES_MAX) {
            rc = qp_refuse(err, "GEO-FILE",
                           "more than %zu bytes of geolocation, which is all that a statement may "
                           "hold; declare the shipment in several statements",
                           QP_TRACES_GEOJSON_BYTES_MAX);
        }
        if (rc != QP_OK) {
            break;
        }
        snprintf(position, sizeof position, "%zu", i + 1);
        qp_xml_open(&to->xml, "dds:producers", "");
        qp_xml_text(&to->xml, "dds:position", position);
        qp_xml_text(&to->xml, "dds:country", group->country);
        if (group->producer_name[0] != '\0') {
            qp_xml_text(&to->xml, "dds:name", group->producer_name);
        }
        qp_xml_base64(&to->xml, "dds:geometryGeojson", qp_span_buf(&plots));
        qp_xml_close(&to->xml, "dds:producers");
        rc = to->xml.code;
    }
    qp_buf_wipe(&plots);
    return rc;
}

static void put_heading(struct writing *to)
{
    const char *hs_code = json_string_value(json_object_get(to->goods, "hs_code"));
    char heading[7];
    if (json_object_get(to->object, "hsHeading") != NULL) {
        put_text(to, to->object, "dds:hsHeading", NULL);
        return;
    }
    snprintf(heading, sizeof heading, "%.6s", hs_code);
    qp_xml_text(&to->xml, "dds:hsHeading", heading);
}

static void put_end(struct writing *to)
{
    const json_t *confidential = json_object_get(to->object, "geoLocationConfidential");
    const json_t *grouped = json_object_get(to->object, "groupedDeclarations");
    if (confidential == NULL) {
        miss(to, "dds:geoLocationConfidential",
             "whether the plots are kept from those who buy from the operator: true or false");
    } else {
        qp_xml_text(&to->xml, "dds:geoLocationConfidential",
                    json_is_true(confidential) ? "true" : "false");
    }
    if (json_array_size(grouped) > 0) {
        qp_xml_open(&to->xml, "dds:groupedDeclarations", "");
        for (size_t i = 0; i < json_array_size(grouped); i++) {
            qp_xml_text(&to->xml, "eudrCommon:groupedDeclaration",
                        json_string_value(json_array_get(grouped, i)));
        }
        qp_xml_close(&to->xml, "dds:groupedDeclarations");
    }
}

static enum qp_code put_statement(struct writing *to, struct qp_err *err)
{
    qp_xml_open(&to->xml, "dds:SubmitDdsRequest", NAMESPACES);
    put_text(to, to->object, "dds:operatorRole", "OPERATOR or REPRESENTATIVE_OPERATOR");
    qp_xml_open(&to->xml, "dds:statement", "");
    put_text(to, to->object, "dds:internalReferenceNumber", NULL);
    put_text(to, to->object, "dds:activityType", "IMPORT, EXPORT or DOMESTIC");
    put_represented(to);
    put_text(to, to->object, "dds:countryOfActivity", "the member state of the activity");
    put_text(to, to->object, "dds:borderCrossCountry", "the member state of entry or exit");
    put_text(to, to->object, "dds:comment", NULL);
    qp_xml_open(&to->xml, "dds:commodities", "");
    qp_xml_text(&to->xml, "dds:position", "1");
    put_descriptors(to);
    put_heading(to);
    put_species(to);
    enum qp_code rc = put_producers(to, err);
    qp_xml_close(&to->xml, "dds:commodities");
    put_end(to);
    qp_xml_close(&to->xml, "dds:statement");
    qp_xml_close(&to->xml, "dds:SubmitDdsRequest");
    return rc == QP_OK ? to->xml.code : rc;
}

/* ---- May there be one? ---- */

static bool is_covered(const struct qp_species *species, const char *heading)
{
    for (size_t i = 0; i < QP_COUNT(species->headings) && species->headings[i] != NULL; i++) {
        size_t len = strlen(species->headings[i]);
        size_t given = strlen(heading);
        if (strncmp(species->headings[i], heading, given < len ? given : len) == 0) {
            return true;
        }
    }
    return false;
}

static enum qp_code check(struct writing *to, struct qp_err *err)
{
    const char *commodity = json_string_value(json_object_get(to->goods, "commodity"));
    const char *heading = json_string_value(json_object_get(to->object, "hsHeading"));
    if (heading == NULL) {
        heading = json_string_value(json_object_get(to->goods, "hs_code"));
    }
    if (commodity == NULL || heading == NULL) {
        return qp_refuse(err, "DDS-COMMODITY", "the bundle does not show what was shipped");
    }
    to->species = qp_species_find(commodity);
    if (to->species == NULL || !is_covered(to->species, heading)) {
        return qp_refuse(err, "DDS-COMMODITY",
                         "%s of heading %.10s is not in Annex I of Regulation (EU) 2023/1115, so "
                         "no statement is due",
                         commodity, heading);
    }
    if (to->traces->group_count == 0 || to->traces->group_count > QP_DDS_PRODUCERS_MAX) {
        return qp_refuse(err, "DDS-PRODUCERS",
                         "%zu producers; a commodity of a statement takes 1 to %d, declare the "
                         "shipment in several statements",
                         to->traces->group_count, QP_DDS_PRODUCERS_MAX);
    }
    return QP_OK;
}

enum qp_code qp_dds_write(const struct qp_traces *traces, const json_t *object, bool draft,
                          void (*missing)(void *context, const char *path, const char *what),
                          void *context, struct qp_buf *out, struct qp_err *err)
{
    size_t before = out->len;
    struct writing to = {.traces = traces,
                         .object = object,
                         .goods = json_object_get(traces->verdict->facts, "goods"),
                         .missing = missing,
                         .context = context};
    enum qp_code rc = check(&to, err);
    if (rc == QP_OK) {
        qp_xml_begin(&to.xml, out, err);
        rc = put_statement(&to, err);
    }
    if (rc == QP_OK && to.missing_count > 0 && !draft) {
        rc = qp_refuse(err, "DDS-MISSING",
                       "%zu fields are missing, which only the importer knows; write them into a "
                       "file for --operator, or take a draft with --draft",
                       to.missing_count);
    }
    if (rc != QP_OK) {
        out->len = before;
    }
    return rc;
}
