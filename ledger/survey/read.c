/* Plots, known plots, borders and areas from GeoJSON. */
#include "survey/survey_priv.h"

#include "core/check.h"
#include "exchange/geojson.h"

#include <inttypes.h>
#include <string.h>

#define AREA_MAX_M2 1e12

struct reading {
    struct qp_survey *survey;
    struct qp_span file;
    enum qp_survey_role role;
    const char *source;
    const char *stem; /* of the source */
};

/* The first of the names that holds a text, or "". */
static const char *text_of(const json_t *properties, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(properties, names[i]);
        if (json_is_string(value) && json_string_length(value) > 0) {
            return json_string_value(value);
        }
    }
    return "";
}

static void take_area(const json_t *properties, struct qp_survey_plot *plot)
{
    const json_t *value = json_object_get(properties, "area_ha");
    value = value != NULL ? value : json_object_get(properties, "Area");
    plot->area_is_text = json_is_string(value);
    double m2 = json_is_number(value) ? json_number_value(value) * 10000 : 0;
    plot->declared_m2 = m2 > 0 && m2 <= AREA_MAX_M2 ? (uint64_t)(m2 + 0.5) : 0;
    plot->area_is_none = json_is_number(value) && m2 < 0.5;
}

static void take_texts(const json_t *properties, struct qp_survey_plot *plot)
{
    static const char *const name[] = {"plot"};
    static const char *const label[] = {"ProductionPlace", "name", "id"};
    static const char *const owner[] = {"producer", "ProducerName"};
    static const char *const country[] = {"country", "ProducerCountry"};
    static const char *const region[] = {"department", "region"};
    plot->name = text_of(properties, name, QP_COUNT(name));
    plot->label = text_of(properties, label, QP_COUNT(label));
    plot->owner = text_of(properties, owner, QP_COUNT(owner));
    plot->country = text_of(properties, country, QP_COUNT(country));
    plot->region = text_of(properties, region, QP_COUNT(region));
    take_area(properties, plot);
}

static bool is_ours(const char *name)
{
    return strncmp(name, "SV-", 3) == 0 || strncmp(name, "GEO-", 4) == 0 ||
           strcmp(name, "worst") == 0 || strcmp(name, "findings") == 0 ||
           strcmp(name, "area_m2") == 0;
}

static int put_bytes(const char *bytes, size_t size, void *context)
{
    return qp_buf_add(context, qp_span_of(bytes, size), NULL) == QP_OK ? 0 : -1;
}

static bool put_member(struct qp_buf *text, const char *name, const json_t *value)
{
    json_t *key = json_string(name);
    bool good = key != NULL && (text->len == 0 || qp_buf_add_text(text, ",", NULL) == QP_OK) &&
                json_dump_callback(key, put_bytes, text, JSON_ENCODE_ANY) == 0 &&
                qp_buf_add_text(text, ":", NULL) == QP_OK &&
                json_dump_callback(value, put_bytes, text, JSON_ENCODE_ANY | JSON_COMPACT) == 0;
    json_decref(key);
    return good;
}

/* Members of an object as JSON text, those that an earlier survey wrote left out; NULL: no memory.
 */
static const char *keep_properties(struct qp_survey *survey, json_t *properties)
{
    struct qp_buf text = {0};
    const char *name = NULL;
    json_t *value = NULL;
    bool good = true;
    json_object_foreach(properties, name, value)
    {
        good = good && (is_ours(name) || put_member(&text, name, value));
    }
    const char *kept = good ? qp_arena_text(&survey->arena, qp_span_buf(&text)) : NULL;
    qp_buf_wipe(&text);
    return kept;
}

static bool is_region(const char *code)
{
    size_t len = strlen(code);
    bool good = len >= 4 && len <= 6 && code[2] == '-';
    for (size_t i = 0; good && i < len; i++) {
        bool letter = code[i] >= 'A' && code[i] <= 'Z';
        bool digit = code[i] >= '0' && code[i] <= '9';
        good = i == 2 || letter || (digit && i > 2);
    }
    return good;
}

static enum qp_code take_border(struct reading *in, const struct qp_geojson_feature *feature,
                                struct qp_err *err)
{
    static const char *const names[] = {"iso_3166_2", "ISO_3166_2", "iso_code",
                                        "department", "region",     "code"};
    for (size_t i = 0; i < QP_COUNT(names); i++) {
        const char *code = text_of(feature->properties, &names[i], 1);
        if (is_region(code)) {
            enum qp_code rc = qp_survey_add_border(in->survey, code, feature->geometry, err);
            return rc == QP_E_REFUSED ? qp_fail(err, QP_E_INPUT, "%s", err->text) : rc;
        }
    }
    return qp_fail_at(err, QP_E_INPUT, feature->offset,
                      "a border without its ISO 3166-2 code (PE-SAM) in a property iso_3166_2");
}

/* Layers come with their names in capitals or not. */
static const char *word_of(const struct qp_geojson_feature *feature, const char *name)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(feature->properties, key, value)
    {
        if (qp_survey_is_word(key, name) && json_is_string(value) &&
            json_string_length(value) > 0) {
            return json_string_value(value);
        }
    }
    return "";
}

/* The name of a file without its ending; NULL: no memory. */
static const char *stem_of(struct qp_arena *arena, const char *source)
{
    const char *dot = source != NULL ? strrchr(source, '.') : NULL;
    size_t len = source == NULL ? 0 : dot != NULL ? (size_t)(dot - source) : strlen(source);
    return qp_arena_text(arena, qp_span_of(source, len));
}

static enum qp_code take_area_feature(struct reading *in, const struct qp_geojson_feature *feature,
                                      struct qp_err *err)
{
    static const char *const names[] = {"name", "nombre", "anp_nomb", "nomcom", "nom_com"};
    static const char *const kinds[] = {"kind", "tipo"};
    const char *name = "";
    const char *kind = in->stem;
    for (size_t i = 0; i < QP_COUNT(names) && name[0] == '\0'; i++) {
        name = word_of(feature, names[i]);
    }
    for (size_t i = QP_COUNT(kinds); i > 0; i--) {
        const char *given = word_of(feature, kinds[i - 1]);
        kind = qp_survey_is_kind(given) ? given : kind;
    }
    if (name[0] == '\0') {
        name =
            qp_arena_printf(&in->survey->arena, "feature %" PRIu64 "%s%s", feature->index + 1,
                            in->source != NULL ? " of " : "", in->source != NULL ? in->source : "");
    }
    if (name == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory for an area");
    }
    enum qp_code rc = qp_survey_add_area(in->survey, name, kind, feature->geometry, err);
    return rc == QP_E_REFUSED ? qp_fail_at(err, QP_E_INPUT, feature->offset,
                                           "feature %" PRIu64 ": an area must be a Polygon or a "
                                           "MultiPolygon; leave points out",
                                           feature->index + 1)
                              : rc;
}

static enum qp_code take_feature(void *context, const struct qp_geojson_feature *feature,
                                 struct qp_err *err)
{
    struct reading *in = context;
    if (in->role == QP_SURVEY_BORDERS) {
        return take_border(in, feature, err);
    }
    if (in->role == QP_SURVEY_AREAS) {
        return take_area_feature(in, feature, err);
    }
    const char *properties = "";
    struct qp_survey_plot plot = {
        .geometry = feature->geometry, .unclosed = feature->unclosed, .source = in->source};
    take_texts(feature->properties, &plot);
    if (in->role == QP_SURVEY_PLOTS) {
        plot.source = NULL;
        properties = keep_properties(in->survey, feature->properties);
        if (properties == NULL) {
            return qp_fail(err, QP_E_MEMORY, "no memory for the properties of a plot");
        }
    }
    return qp_survey_take(in->survey, &plot, in->role == QP_SURVEY_KNOWN, properties, NULL, err);
}

/* The reader gives no properties of what it cannot read; they are there all the same. */
static enum qp_code take_fault(void *context, uint64_t index, const struct qp_err *reason,
                               struct qp_err *err)
{
    struct reading *in = context;
    struct qp_survey_plot plot = {.name = ""};
    json_error_t why;
    (void)index;
    if (in->role == QP_SURVEY_BORDERS || in->role == QP_SURVEY_AREAS) {
        return qp_fail_at(err, QP_E_INPUT, reason->offset, "%s", reason->text);
    }
    if (in->role == QP_SURVEY_KNOWN) {
        return QP_OK;
    }
    json_t *feature = json_loadb((const char *)in->file.data + reason->offset,
                                 in->file.len - (size_t)reason->offset,
                                 JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &why);
    json_t *properties = json_object_get(feature, "properties");
    take_texts(properties, &plot);
    const char *kept = keep_properties(in->survey, properties);
    const char *words = strstr(reason->text, ": "); /* behind "feature 3: " */
    enum qp_code rc = kept == NULL
                          ? qp_fail(err, QP_E_MEMORY, "no memory for the properties of a plot")
                          : qp_survey_take(in->survey, &plot, false, kept,
                                           words != NULL ? words + 2 : reason->text, err);
    json_decref(feature);
    return rc;
}

enum qp_code qp_survey_read(struct qp_survey *survey, struct qp_span geojson,
                            enum qp_survey_role role, const char *source, struct qp_err *err)
{
    struct reading in = {.survey = survey, .file = geojson, .role = role, .source = source};
    const struct qp_geojson_sink sink = {.context = &in,
                                         .feature = take_feature,
                                         .fault = take_fault,
                                         .lenient =
                                             role == QP_SURVEY_PLOTS || role == QP_SURVEY_KNOWN,
                                         .is_layer = role == QP_SURVEY_AREAS};
    size_t before = qp_areas_count(survey->areas);
    struct qp_arena arena;
    in.stem = stem_of(&survey->arena, source);
    if (in.stem == NULL) {
        return qp_fail(err, QP_E_MEMORY, "no memory to read a file");
    }
    qp_arena_init(&arena, 0);
    enum qp_code rc = qp_geojson_read(geojson, &sink, &arena, err);
    qp_arena_wipe(&arena);
    if (rc == QP_OK && role == QP_SURVEY_AREAS && qp_areas_count(survey->areas) == before) {
        rc = qp_fail(err, QP_E_INPUT, "no area in it; export the layer anew");
    }
    return rc;
}
