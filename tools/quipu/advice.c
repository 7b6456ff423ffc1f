/* Texts only: a new code of ledger/rules/codes.c gets its row here, at the same place, and a case
 * in tools/sample/bad/events. Then write the manual page anew: tools/man/write-codes. */
#include "advice.h"

#include <stddef.h>
#include <string.h>

const struct advice advices[] = {
    {"QP-CHAIN-FORK",
     "Every key numbers its statements. Two different ones with one number are two histories, and "
     "prove that the key was used in two places that did not know of each other, or by somebody "
     "else.",
     "proto/SPEC.md, sections 8 and 9",
     "Keep both files. Find out where a second copy of the key is: a restored backup, a second "
     "laptop, a stolen one. Go on with the journal whose statement the ledger has, and sign there "
     "again what only the other one holds. If nobody can explain it, have the key revoked.",
     "chain-fork"},
    {"QP-CHAIN-GAP",
     "Statements of one key are admitted in the order in which it signed them, so that nothing "
     "can be left out unseen.",
     "proto/SPEC.md, section 9 (4)",
     "Submit the earlier statements first: quipu journal KEY --export --from N hands them out "
     "again, N being the number that the refusal names. If one of them is refused itself, mend "
     "what it lacks, or give it up with quipu journal KEY --give-up N.",
     "chain-gap"},
    {"QP-CHAIN-GIVEN-UP",
     "Its issuer has said in a later statement that this one is given up. A number is never used "
     "for a second statement.",
     "proto/SPEC.md, section 8",
     "Do not submit the old file again. What was worth keeping was signed again when it was given "
     "up; if an event is missing, sign it anew with quipu sign or quipu import.",
     "chain-given-up"},
    {"QP-CHAIN-LINK",
     "Each statement names the one before it. This one names another than the ledger has, so it "
     "was signed from another copy of the journal.",
     "proto/SPEC.md, sections 8 and 9 (4)",
     "Look for the laptop or backup whose journal has the statement that the ledger has, and sign "
     "there. Compare with quipu journal KEY and quipu log LEDGER. Never sign with copies of one "
     "key; let each computer have a key of its own, which the party adds by key_added.",
     "chain-link"},
    {"QP-TIME-FUTURE", "What has not happened yet cannot be admitted; clocks may differ by a day.",
     "proto/SPEC.md, section 9 (6)",
     "Check the year and the day of the event, then the clock of the computer that signed. Give "
     "the statement up and sign it again with the right date.",
     "harvest-in-ten-years"},
    {"QP-OPEN",
     "The first entry decides for ever who runs the ledger and which key signs its checkpoints; "
     "there is no second one.",
     "proto/SPEC.md, sections 8 and 16",
     "Leave the event out. A new season or another operator has a ledger of its own: quipu init.",
     "opening-again"},
    {"QP-RESERVED",
     "The format keeps a place for this kind of event, but no rule says yet what it means.",
     "proto/SPEC.md, section 16", "Leave the event out. See which there are with quipu events.",
     "reserved-event"},
    {"QP-KEY-UNKNOWN",
     "Only parties that were enrolled may say something, so that everybody knows who said it.",
     "proto/SPEC.md, section 16",
     "Check that you signed with the right key file: quipu key show FILE. If it is new, send its "
     "public key (.vkey) to the registrar, who enrols the party, or let a key that the party has "
     "already add it (key_added). Then submit the same file again.",
     "signed-with-an-unknown-key"},
    {"QP-KEY-OLD",
     "A key that was rotated away or revoked says nothing any more: it may be in other hands.",
     "proto/SPEC.md, section 16",
     "Sign with the party's present key: quipu show LEDGER PARTY lists its keys. If you did not "
     "end the old key yourself, ask the registrar at once who did.",
     "old-key-2-signs"},
    {"QP-FORK-PROOF",
     "Two statements convict a key only when both are signed by it, for this ledger, under one "
     "number, and differ. Anything else would let anybody end anybody's key.",
     "proto/SPEC.md, sections 8 and 16",
     "Make the proof with quipu fork-proof from the two files, and look at it with quipu "
     "fork-proof "
     "--check: it says what is missing. A proof from another ledger counts there.",
     "fork-signature-forged"},
    {"QP-KEY-REUSE",
     "One key speaks for one party, once: otherwise a signature would not tell who signed.",
     "proto/SPEC.md, section 16",
     "Make a new key for this party: quipu key new. If the key is the party's already, nothing is "
     "to be done.",
     "key-of-another-party"},
    {"QP-KEY-WEAK",
     "Some values look like a key, but anybody can sign for them. The log's own key must be "
     "another one than the operator's.",
     "RFC 8032; proto/SPEC.md, section 6",
     "Make the key with quipu key new, and copy the public key from its vkey file instead of "
     "typing it.",
     "enrolment-weak-key"},
    {"QP-KEY-OWNER",
     "A party's keys are ended in its own name, so that a slip does not silence a neighbour.",
     "proto/SPEC.md, section 16",
     "Compare the key in the event with those that quipu show LEDGER PARTY lists. An entry from "
     "which a key is in doubt cannot lie in the future.",
     "key-revoked-of-the-wrong-party"},
    {"QP-PARTY-NEW",
     "The short name of a party stands in front of all its lots and plots, for ever.",
     "proto/SPEC.md, section 16",
     "If the party is enrolled already, it needs nothing more; to give it another key, use "
     "key_added. If it is another company, choose another short name.",
     "enrolment-name-taken"},
    {"QP-PARTY-UNKNOWN",
     "Goods go to parties that can sign for them, and certificates to holders who are known. "
     "Article 9 wants suppliers and customers by name.",
     "Regulation (EU) 2023/1115, Art. 9(1)(e) and (f)",
     "Check the spelling of the short name: quipu log LEDGER shows those that are in use. If the "
     "party is new, the registrar enrols it first; then submit the same file again.",
     "transfer-to-nobody"},
    {"QP-PARTY-SUSPENDED",
     "The operator, a registrar or an authority has suspended the party: nothing that it signs is "
     "admitted until that is lifted.",
     "proto/SPEC.md, section 16",
     "Read the reason: quipu show LEDGER PARTY. Settle it with whoever signed the suspension; once "
     "it is lifted, submit the same file again.",
     "suspended-2-signs"},
    {"QP-PARTY-OPERATOR",
     "A ledger has one operator, the one that opened it, and only the operator makes registrars "
     "and authorities, who can silence others.",
     "proto/SPEC.md, section 16",
     "Leave out the role operator. Ask the operator to sign the enrolment of a registrar or an "
     "authority.",
     "enrolment-of-a-second-operator"},
    {"QP-PARTY-IDENTIFIER",
     "Numbers of registers check themselves, so that a slip of one digit does not name another "
     "company. The importer files them.",
     "SUNAT (RUC); GS1 General Specifications (GLN); ISO 17442 (LEI); Delegated Regulation (EU) "
     "2015/2446 (EORI); Directive 2006/112/EC, Art. 215 (VAT)",
     "Copy the number again from the register's own page. The refusal names the digit or the form "
     "that would be right, but do not just put that digit in: another digit may be the wrong one.",
     "enrolment-ruc-digit"},
    {"QP-ROLE",
     "Who may say what is fixed by role: a cooperative buys harvests, an assessor assesses, a "
     "terminal lets containers in. Nobody vouches for itself.",
     "proto/SPEC.md, section 16, table of events",
     "See which roles the refusal names. Let the party sign that has the role. If yours should "
     "have "
     "it, that is for the registrar, who enrols a party with its roles.",
     "assessment-by-a-cooperative"},
    {"QP-NAME",
     "New lots, plots and certificates begin with the party that names them, so that names are "
     "unique without asking anybody.",
     "proto/SPEC.md, section 7",
     "Write PARTY/CODE with your own short name before it. In an import, --party must be your own.",
     "harvest-other-name"},
    {"QP-RULESET-NONE",
     "Yields, conversion factors and tolerances are data that the operator publishes. Without a "
     "set for that day nothing can be weighed against it.",
     "proto/SPEC.md, section 16",
     "Check the date of the event. If it is right, the operator publishes a rule set that begins "
     "before it (rule_set_published); then submit the same file again.",
     "plot-before-the-rules"},
    {"QP-RULESET-ORDER",
     "Rule sets follow one another: what was judged once is not judged again under other rules.",
     "proto/SPEC.md, section 16",
     "Give the new rule set a date on which it begins (effective_from) after that of the newest, "
     "and a higher version.",
     "rules-of-last-year"},
    {"QP-SEALED-KIND",
     "A field takes one kind of sealed content, so that a reader knows how to open it.",
     "proto/SPEC.md, section 14",
     "Write the content under \"seal\" with the kind that the refusal names; quipu events EVENT "
     "shows it behind the field.",
     "producer-identity-of-another-kind"},
    {"QP-IDENTIFIER-GTIN",
     "A buyer's system knows goods by their GTIN, and one batch by the LGTIN. A wrong digit is "
     "another product.",
     "GS1 General Specifications; GS1 EPC Tag Data Standard (LGTIN)",
     "Copy the number again from the label or from GS1's confirmation. With a batch it is 14 "
     "digits "
     "(put zeros before a shorter one), a point and the batch. Or leave trade_item out: it need "
     "not "
     "be given.",
     "harvest-gtin-digit"},
    {"QP-IDENTIFIER-SSCC",
     "A pallet is known by its SSCC on every scanner up to the warehouse in Europe.",
     "GS1 General Specifications",
     "Scan the label again: 18 digits, without the (00) before them. List each pallet once, in "
     "ascending order.",
     "shipment-sscc-digit"},
    {"QP-IDENTIFIER-HS",
     "Customs and the due-diligence statement speak of goods by tariff code: chapter, heading, "
     "subheading, in pairs of digits.",
     "Harmonized System; Regulation (EU) 2023/1115, Annex I",
     "Write 6, 8 or 10 digits without points, such as 090111 for coffee that is not roasted. "
     "Peru's "
     "national code has 10.",
     "shipment-tariff-code-of-7-digits"},
    {"QP-PLACE-COUNTRY",
     "The country of production decides the risk and stands in the statement; a code that no "
     "country has is a slip.",
     "ISO 3166-1; Regulation (EU) 2023/1115, Art. 9(1)(c) and 29",
     "Write the two capital letters of ISO 3166-1: PE, DE, NL; the United Kingdom is GB, Greece is "
     "GR.",
     "enrolment-country-uk"},
    {"QP-PLACE-LOCODE",
     "Carriers, terminals and customs name ports by UN/LOCODE; a name in words is not found again.",
     "UNECE Recommendation 16",
     "Write the five characters of UNECE's list: PECLL for Callao, PEPAI for Paita, NLRTM for "
     "Rotterdam. The last three are A-Z or 2-9; there is no 0 and no 1.",
     "shipment-port-with-a-zero"},
    {"QP-PRODUCER-NEW",
     "One code stands for one producer, so that a harvest can be traced to one person.",
     "proto/SPEC.md, section 16",
     "If it is the same person, nothing is to be done. Give another person a code of its own.",
     "producer-code-twice"},
    {"QP-PRODUCER-UNKNOWN",
     "A plot belongs to somebody: Article 9 wants to know from whom the goods come.",
     "Regulation (EU) 2023/1115, Art. 9(1)(e)",
     "Import the producers before the plots, and submit in that order. Check the code, and whose "
     "short name stands before it.",
     "plot-producer-unknown"},
    {"QP-PLOT-NEW",
     "A plot's outline is fixed by its registration, because assessments and harvests rest on it.",
     "proto/SPEC.md, section 16",
     "If nothing has changed, nothing is to be done. For another outline, register the plot under "
     "a "
     "new code and withdraw the old one (plot_withdrawn).",
     "plot-code-twice"},
    {"QP-PLOT-UNKNOWN",
     "Goods come from plots of which the place is known: all of them, or the shipment must not "
     "enter the Union.",
     "Regulation (EU) 2023/1115, Art. 9(1)(d)",
     "Check the code and the party before it. If the plot is new, walk around it, import it (quipu "
     "import plots) and submit that first; then submit the same file again.",
     "harvest-plot-unknown"},
    {"QP-PLOT-WITHDRAWN",
     "Whoever registered the plot has said that nothing more is harvested there.",
     "proto/SPEC.md, section 16",
     "See why: quipu show LEDGER PLOT. If the plot was drawn anew, use its new code. Otherwise set "
     "the delivery apart: its origin is not known.",
     "withdrawn-plot-2-harvested"},
    {"QP-PLOT-COMMODITY", "A plot yields what was declared to grow there.",
     "Regulation (EU) 2023/1115, Art. 2(27)",
     "Check the plot and the commodity of the delivery. If both crops grow there, register the "
     "plot "
     "anew, under a new code, with both.",
     "harvest-other-commodity"},
    {"QP-PLOT-POINT",
     "Above four hectares the law wants the outline of a plot, a polygon; a point is enough up to "
     "that size.",
     "Regulation (EU) 2023/1115, Art. 2(28)",
     "Walk around the plot with a GPS and register the polygon. A circle drawn around the point "
     "does "
     "not count. Check the area: 0.46 ha is easily written as 4.6.",
     "plot-point-over-4-ha"},
    {"QP-PLOT-REGION", "The part of the country is a part of the plot's own country.",
     "ISO 3166-2; Regulation (EU) 2023/1115, Art. 9(1)(c)",
     "Write the country, a hyphen and the code of the department: PE-SAM for San Martin, PE-JUN "
     "for "
     "Junin. Or leave the region out.",
     "plot-region-of-another-country"},
    {"QP-PLOT-GEOMETRY",
     "An assessment counts for the outline that was looked at, and for no other.",
     "Regulation (EU) 2023/1115, Art. 9(1)(g) and 10",
     "Assess the plot as it is registered: quipu import assessments takes the outline from the "
     "submission file of the plots. If the cooperative sent another outline, ask for that file.",
     "assessment-other-outline"},
    {"QP-PLOT-AREA",
     "What was assessed bounds what was found in it: no more forest than area, no loss where the "
     "outcome is no_loss, some where it is loss.",
     "proto/SPEC.md, section 16",
     "Compare forest_m2, loss_m2 and nodata_ppm with the report, in square metres and parts per "
     "million, and mend the row.",
     "assessment-2-loss-of-nothing"},
    {"QP-HARVEST-TIME",
     "Article 9 wants the date or time range of production. Goods are picked before they are "
     "delivered, in the crop year or the one after, and not longer ago than the rule set "
     "allows.",
     "Regulation (EU) 2023/1115, Art. 9(1)(d)",
     "Check the four dates of the row: date, harvest_from, harvest_to and crop_year. The crop year "
     "is the year in which the harvest began.",
     "harvest-after-delivery"},
    {"QP-HARVEST-CAP",
     "No plot yields more than its area can bear. What is over it comes from elsewhere, and goods "
     "of unknown origin must not be mixed in. All buyers count together.",
     "Regulation (EU) 2023/1115, Art. 10(2)(j); the limits are the ledger's rule set",
     "Look at what the plot has given so far: quipu show LEDGER PLOT. Check unit, decimal point "
     "and "
     "plot of this delivery, and the plot's area. If the producer has another plot, register it; "
     "if "
     "not, keep the surplus apart and ask where it was picked.",
     "harvest-over-the-cap"},
    {"QP-LOT-NEW",
     "A lot comes into being once. The same code again would hide one of two deliveries.",
     "proto/SPEC.md, section 16",
     "If it is the same delivery, it was registered already: nothing is to be done. If it is "
     "another "
     "one, give it a code of its own.",
     "harvest-lot-twice"},
    {"QP-LOT-UNKNOWN",
     "A lot that never came into being has no origin, and whatever is made of it has none.",
     "Regulation (EU) 2023/1115, Art. 9(1)(d) and 10(2)(j)",
     "Check the code. If the event that makes the lot is signed but not submitted yet, submit that "
     "first; then submit the same file again.",
     "process-unknown-origin"},
    {"QP-LOT-HELD",
     "Only who has the goods in hand can work on them or hand them on, and not while they are on "
     "their way.",
     "proto/SPEC.md, section 16, Lots",
     "See who holds the lot: quipu show LEDGER LOT. If it was handed to you, sign the receipt "
     "first "
     "(lot_received). If you handed it over by mistake, void the transfer before it is received.",
     "process-not-held"},
    {"QP-LOT-OWNER", "Goods are sold, shipped and recalled by those to whom they belong.",
     "proto/SPEC.md, section 16",
     "See who owns the lot: quipu show LEDGER LOT. The owner signs the sale (lot_transferred of "
     "kind "
     "ownership or both), the buyer the receipt; then submit the same file again.",
     "recall-of-anothers-lot"},
    {"QP-LOT-RECALLED", "The lot, and all that was made of it, is not to be used any more.",
     "proto/SPEC.md, section 16; Regulation (EU) 2023/1115, Art. 3",
     "Set the goods apart and read the reason: quipu show LEDGER LOT. What else was made of it, "
     "quipu "
     "trace --down LEDGER LOT draws. A recall cannot be taken back.",
     "recalled-2-worked-on"},
    {"QP-LOT-VOIDED",
     "The event that made the lot was taken back by its issuer: there are no such goods.",
     "proto/SPEC.md, section 16",
     "Use the lot that was registered in its place. If the goods are real, register them again "
     "under "
     "a new code.",
     "voided-3-worked-on"},
    {"QP-LOT-WASTE", "What was written off as waste does not come back as goods.",
     "proto/SPEC.md, section 16",
     "If it is a by-product that is sold (husk, shell, defects), it should have been output of "
     "kind "
     "by_product. While nothing rests on the process, void it and sign it rightly.",
     "shipment-of-waste"},
    {"QP-LOT-TWICE", "One lot or plot in two lines of one event could be counted twice.",
     "proto/SPEC.md, section 16", "Add the two lines up into one.", "process-input-twice"},
    {"QP-TIME-ORDER",
     "Nothing is made of a lot before the lot was there; a day is allowed for clocks.",
     "proto/SPEC.md, section 16, Lots",
     "Check the date of this event, and that of the event that made the lot: quipu show LEDGER "
     "LOT.",
     "process-before-its-inputs"},
    {"QP-MASS-EMPTY", "Goods weigh something. What is shipped is weighed, not only counted.",
     "Regulation (EU) 2023/1115, Art. 9(1)(b)",
     "Fill in the grams, or an amount with its unit. Goods that are counted have pieces besides.",
     "harvest-of-nothing"},
    {"QP-MASS-SUM", "Every gram of a delivery comes from a plot, or its origin is unknown.",
     "Regulation (EU) 2023/1115, Art. 9(1)(d)",
     "Let the parts of the plots add up to the weight of the lot, to the gram. An import does that "
     "by itself from shares in percent.",
     "harvest-parts-and-whole"},
    {"QP-MASS-DRAW",
     "More cannot be taken from a lot than is left in it: it would be sold twice, or be made of "
     "goods from elsewhere.",
     "Regulation (EU) 2023/1115, Art. 10(2)(j); proto/SPEC.md, section 16",
     "See what is left: quipu show LEDGER LOT. If something was drawn by mistake, void that event "
     "while nothing rests on it. If there is truly more, the delivery that it came with is "
     "missing.",
     "process-drawn-below-zero"},
    {"QP-MASS-FORM", "Kilograms of different goods, forms or owners are not added up.",
     "proto/SPEC.md, section 16",
     "Work each form by an event of its own, and bring goods into one hand before they are mixed. "
     "A "
     "shipment holds one commodity.",
     "process-mixed-forms"},
    {"QP-MASS-FACTOR",
     "From one form to another weight is lost by a known factor. Without a factor the step cannot "
     "be judged.",
     "proto/SPEC.md, section 16, Mass of a process",
     "Check the forms: perhaps a step between is missing (parchment is hulled to green before it "
     "is "
     "roasted). If the step is real, ask the operator to publish a factor for it.",
     "process-no-factor"},
    {"QP-MASS-YIELD",
     "No mill gets more out of its input than good practice does; what is over it was added from "
     "elsewhere.",
     "ICO conversion factors; Regulation (EU) 2023/1115, Art. 10(2)(j)",
     "Check the weights on both sides, the unit and the decimal point. If a lot went in that is "
     "not "
     "listed, add it to the inputs. If the factor is wrong for your plant, ask the operator.",
     "process-yield-too-good"},
    {"QP-MASS-TOTAL",
     "Nothing weighs more after it was worked on: water and husk go, nothing comes.",
     "proto/SPEC.md, section 16, Mass of a process",
     "Check the weights, and whether a lot among the inputs was forgotten. A gain by moist air is "
     "not registered: write at most what went in.",
     "process-outputs-over-inputs"},
    {"QP-MASS-LIMIT",
     "No ship carries a thousand million tonnes: such a sum is a slip of the unit.",
     "proto/SPEC.md, section 4",
     "Check the unit: quantities are in grams. If it is true, make several shipments of it.",
     "limit-2-shipment"},
    {"QP-TRANSFER-TO", "A hand-over has a giver and another taker, who can sign for it.",
     "proto/SPEC.md, section 16",
     "Check the receiver's short name. It must be enrolled with a role that takes goods, not "
     "suspended, and not yourself.",
     "transfer-to-itself"},
    {"QP-TRANSFER-WEIGHT",
     "A lot changes hands whole, with what is left of it, so that it has one holder at any time.",
     "proto/SPEC.md, section 16",
     "For a part of it, split it off first: lot_processed with process splitting makes a new lot "
     "of "
     "the part. Otherwise write the balance that quipu show LEDGER LOT tells.",
     "transfer-of-a-part"},
    {"QP-TRANSFER-NONE", "Both hands sign: the giver first, then the taker, each naming the other.",
     "proto/SPEC.md, section 16",
     "Ask the giver to sign and submit lot_transferred to you; then submit the same file again. "
     "Check the code of the lot and the giver's short name: with a sale alone it is the owner, "
     "otherwise the holder.",
     "receive-without-transfer"},
    {"QP-TRANSFER-MORE",
     "Goods do not grow on the road. What arrives beyond the tolerance of scales was added there.",
     "Regulation (EU) 2023/1115, Art. 10(2)(j); tolerance of the rule set",
     "Weigh again, net. If the giver's weight was wrong, let the giver void the transfer and sign "
     "it "
     "again with the right one. Bags that were loaded besides need a lot of their own.",
     "receive-2-more-than-given"},
    {"QP-CERTIFICATE-NEW", "One code stands for one certificate, with its holder and dates.",
     "proto/SPEC.md, section 16",
     "Give a renewed certificate a new code; a wrong one is withdrawn first "
     "(certificate_withdrawn).",
     "certificate-code-twice"},
    {"QP-CERTIFICATE-UNKNOWN", "Only what was issued in this ledger can be withdrawn in it.",
     "proto/SPEC.md, section 16", "Check the code and the certifier's short name before it.",
     "certificate-unknown-withdrawn"},
    {"QP-CERTIFICATE-SCHEME",
     "A buyer asks for a scheme by its code. One that is written in two ways would count under "
     "neither, so the rule set lists the schemes of the ledger.",
     "proto/SPEC.md, section 16; tools/rulesets",
     "Compare the code with those of the rule set: quipu log LEDGER --json shows it, or the file "
     "in tools/rulesets. If the scheme is a new one, the operator publishes a rule set that lists "
     "it, with the steps of the chain at which it wants a certificate.",
     "certificate-of-an-unknown-scheme"},
    {"QP-CERTIFICATE-TIME", "A certificate is valid from a day up to a later one.",
     "proto/SPEC.md, section 16",
     "Check valid_from and valid_to; they may have been put in each other's place.",
     "certificate-ends-before-it-begins"},
    {"QP-CERTIFICATE-WITHDRAWN", "A withdrawal is final, with the day from which it counts.",
     "proto/SPEC.md, section 16",
     "Nothing is to be done. If the day was wrong, say so in a document (document_attached).",
     "withdrawn-certificate-2-again"},
    {"QP-SHIPMENT-NEW",
     "A shipment is dispatched once: its number is what buyer, terminal and customs refer to.",
     "proto/SPEC.md, section 16",
     "Give the new shipment a number of its own. A shipment that was signed cannot be changed.",
     "shipment-code-twice"},
    {"QP-SHIPMENT-UNKNOWN",
     "Containers are let in and loaded for shipments that the exporter has dispatched.",
     "proto/SPEC.md, section 16",
     "Check the number and the exporter's short name before it. If the exporter has not submitted "
     "it yet, wait for that; then submit the same file again.",
     "gate-in-shipment-unknown"},
    {"QP-SHIPMENT-CONTAINER",
     "A container number checks itself, stands once in a shipment, and is the one that the "
     "exporter "
     "named.",
     "ISO 6346",
     "Read it from the door: four letters (the last is U, J or Z), six digits and the digit in the "
     "box. At the gate, compare with quipu show LEDGER SHIPMENT; another container is the "
     "exporter's to explain.",
     "shipment-container-digit"},
    {"QP-SHIPMENT-ORDER",
     "A container passes the gate, then goes on board, each once; and a shipment is received once.",
     "proto/SPEC.md, section 16",
     "See what is done already: quipu show LEDGER SHIPMENT. Sign what is missing first "
     "(shipment_gated_in), and nothing twice.",
     "gate-in-twice"},
    {"QP-SHIPMENT-PORT", "Goods leave from the port that the exporter declared.",
     "proto/SPEC.md, section 16",
     "Check the port against quipu show LEDGER SHIPMENT. If the ship was changed to another port, "
     "the exporter attaches a document that says so (document_attached).",
     "loaded-at-another-port"},
    {"QP-SHIPMENT-CONSIGNEE",
     "The importer named in the shipment makes the due-diligence statement, and nobody else says "
     "that the goods have arrived.",
     "Regulation (EU) 2023/1115, Art. 4",
     "Check the consignee. It must be enrolled with the role importer, and only it signs "
     "shipment_received.",
     "shipment-received-by-another"},
    {"QP-SHIPMENT-HS",
     "The tariff code decides whether goods fall under the Regulation; coffee under the code of "
     "something else would slip through.",
     "Regulation (EU) 2023/1115, Annex I",
     "Use a code under a heading that the rule set lists for the commodity: 0901 for coffee, 1801 "
     "to "
     "1806 for cocoa. If a heading is missing, the operator publishes it.",
     "shipment-wrong-heading"},
    {"QP-VOID-UNKNOWN", "What is taken back has to be there, exactly as it is named.",
     "proto/SPEC.md, section 7 (EventReference)",
     "Take the reference from the ledger: quipu log LEDGER --json shows key, sequence, position "
     "and "
     "id of each event.",
     "void-of-nothing"},
    {"QP-VOID-OWNER", "Everybody takes back only their own word.", "proto/SPEC.md, section 16",
     "Ask the party that signed the event to void it. If its lot is bad and yours, recall the lot "
     "(lot_recalled).",
     "void-of-anothers-event"},
    {"QP-VOID-KIND",
     "Some events have effects that others act upon at once; they are corrected by an event of "
     "their own.",
     "proto/SPEC.md, section 16, Voiding",
     "Use the event that undoes it: plot_withdrawn, certificate_withdrawn, key_rotated, "
     "party_suspended with lifted, or lot_recalled. Harvests, processes, transfers, inspections, "
     "footprints and documents can be voided.",
     "recalled-2-void-the-recall"},
    {"QP-VOID-USED",
     "Once something rests on an event, taking it back would leave the rest without an origin.",
     "proto/SPEC.md, section 16, Voiding",
     "Void what rests on it first, newest first, while that is possible. Otherwise recall the lot: "
     "lot_recalled.",
     "used-2-void-the-harvest"},
    {"QP-SUBJECT-UNKNOWN", "A document is evidence about something that the ledger knows.",
     "Regulation (EU) 2023/1115, Art. 9(1)(h)",
     "Check the kind of the subject and its id. If it is still to be registered, submit that "
     "first; "
     "then submit the same file again.",
     "document-of-nothing"},
    {NULL, NULL, NULL, NULL, NULL},
};

const struct advice *advice_find(const char *code)
{
    for (const struct advice *at = advices; at->code != NULL; at++) {
        if (strcmp(at->code, code) == 0) {
            return at;
        }
    }
    return NULL;
}
