/* What a commodity is called where a form asks for it: data for the forms of others. */
#ifndef QP_EXCHANGE_SPECIES_H
#define QP_EXCHANGE_SPECIES_H

struct qp_species {
    const char *commodity;       /* as in JSON: "coffee" */
    const char *description;     /* in words */
    const char *scientific_name; /* the usual species; an importer who knows better says so */
    const char *common_name;
    const char *headings[8]; /* HS headings of Annex I of Regulation (EU) 2023/1115 as
                                of 26.12.2025; none: not under the regulation */
};

/* NULL for a commodity that is not known. */
const struct qp_species *qp_species_find(const char *commodity);

#endif
