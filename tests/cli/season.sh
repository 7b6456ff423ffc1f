# A season in miniature, made by the program itself: one plot, one delivery, one shipment through
# Callao. `season` leaves in the current folder:
#   ledger/ log.key           the ledger, and the key that signs its checkpoints
#   operator coop assessor exporter terminal .key    everybody's keys, without passphrases
#   *.qst                     what each of them signed
# Producer coop-norte/P-0001, plot coop-norte/C-0001, delivery coop-norte/E-0001, green coffee
# cafe-sur/V-0001, shipment cafe-sur/SH-0001. Source lib.sh first.

season_parties() {
    ledger
    for name in coop assessor exporter terminal importer; do
        key "$name"
    done
    enrol coop coop-norte cooperative processor
    enrol assessor geo-andes assessor
    enrol exporter cafe-sur processor exporter
    enrol terminal muelle-norte terminal
    enrol importer hanse importer
    quipu sign --key operator.key -o rules.qst "$SAMPLE/../rulesets/pe-2026.json" >/dev/null
    submit rules.qst >/dev/null
}

season_land() {
    head -n 2 "$SAMPLE/producers-alto-mayo.csv" >producers.csv
    jq -c '.features |= [.[] | select(.properties.plot == "C-0001")]' \
        "$SAMPLE/plots-alto-mayo.geojson" >plots.geojson
    {
        head -n 1 "$SAMPLE/deliveries-alto-mayo.csv"
        echo 'E-0001,2026-06-05,P-0001,C-0001,coffee,parchment,500,kg,2026,RA-1,11.5,17.50,2026-05-20,2026-05-28'
    } >deliveries.csv
    quipu import producers --key coop.key --party coop-norte --ledger ledger --at 2026-02-04 \
        -o producers.qst producers.csv >/dev/null
    quipu import plots --key coop.key --party coop-norte --at 2026-02-05 -o plots.qst \
        plots.geojson >/dev/null
    quipu import deliveries --key coop.key --party coop-norte -o deliveries.qst \
        deliveries.csv >/dev/null
    commitment=$(quipu journal coop.key --events |
        jq -r '.event.plot_registered.geometry.commitment // empty')
    jq -n --arg geometry "$commitment" '{occurred: "2026-02-20", plot_assessed: {
        plot: "coop-norte/C-0001", geometry: $geometry,
        datasets: [{name: "Forest map 2020", sha256: ("ab" * 32)}], method: "overlay 1.0",
        cut_off: "2020-12-31T23:59:59Z", covers_to: "2026-01-31", outcome: "no_loss",
        assessed_m2: 5400}}' |
        quipu sign --key assessor.key --ledger ledger -o assessment.qst - >/dev/null
    submit producers.qst plots.qst assessment.qst deliveries.qst >/dev/null
}

season_trade() {
    jq -n '{occurred: "2026-06-20", lot_transferred: {lot: "coop-norte/E-0001", to: "cafe-sur",
        kind: "both", quantity: {grams: 500000}, document: "T001-00000001"}}' |
        quipu sign --key coop.key -o transfer.qst - >/dev/null
    jq -n '[{occurred: "2026-06-22", lot_received: {lot: "coop-norte/E-0001",
          from: "coop-norte", quantity: {grams: 499500}, document: "T001-00000001"}},
        {occurred: "2026-06-25", lot_processed: {process: "hulling", site: "Callao",
          inputs: [{lot: "coop-norte/E-0001", quantity: {grams: 499500}}],
          outputs: [{lot: "cafe-sur/V-0001", form: "green", quantity: {grams: 390000}, kind: "product"},
            {lot: "cafe-sur/C-0001", form: "husk", quantity: {grams: 98000}, kind: "by_product"}]}},
        {occurred: "2026-07-01", shipment_dispatched: {shipment: "cafe-sur/SH-0001",
          consignee: "hanse", commodity: "coffee", hs_code: "090111",
          lots: [{lot: "cafe-sur/V-0001", quantity: {grams: 390000}}],
          containers: [{number: "QPZU2041180", seals: ["PE0771204"]}],
          port_of_loading: "PECLL", port_of_discharge: "DEHAM", destination_country: "DE"}}]' |
        quipu sign --key exporter.key --ledger ledger -o shipment.qst - >/dev/null
    jq -n '[{occurred: "2026-07-02", shipment_gated_in: {shipment: "cafe-sur/SH-0001",
          container: "QPZU2041180", seals: ["PE0771204"]}},
        {occurred: "2026-07-03", shipment_loaded: {shipment: "cafe-sur/SH-0001",
          containers: ["QPZU2041180"], vessel: "Cordillera Azul", port: "PECLL"}}]' |
        quipu sign --key terminal.key --ledger ledger -o loading.qst - >/dev/null
    submit transfer.qst shipment.qst loading.qst >/dev/null
}

# season_more NUMBER FILE.geojson [PLOTS]: plot C-NUMBER as in the file, 100 kg from it (or from
# PLOTS, such as "C-0001:50|C-0010:50"), shipped as cafe-sur/SH-NUMBER; the bundle NUMBER.quipu.
season_more() {
    quipu import plots --key coop.key --party coop-norte -o more-plots.qst "$2" \
        >/dev/null 2>&1
    {
        head -n 1 deliveries.csv
        tail -n 1 deliveries.csv | sed -e "s/E-0001/E-$1/" -e "s/,C-0001,/,${3:-C-$1},/" \
            -e "s/RA-1/RA-$1/" -e 's/,500,/,100,/'
    } >more.csv
    quipu import deliveries --key coop.key --party coop-norte -o more-deliveries.qst more.csv \
        >/dev/null
    jq -n --arg lot "coop-norte/E-$1" --arg guia "T001-0000$1" '{occurred: "2026-06-20",
        lot_transferred: {lot: $lot, to: "cafe-sur", kind: "both", quantity: {grams: 100000},
        document: $guia}}' | quipu sign --key coop.key -o more-transfer.qst - >/dev/null
    jq -n --arg lot "coop-norte/E-$1" --arg guia "T001-0000$1" --arg shipment "cafe-sur/SH-$1" \
        '[{occurred: "2026-06-22", lot_received: {lot: $lot, from: "coop-norte",
            quantity: {grams: 100000}, document: $guia}},
        {occurred: "2026-07-01", shipment_dispatched: {shipment: $shipment, consignee: "hanse",
            commodity: "coffee", hs_code: "090111", lots: [{lot: $lot, quantity: {grams: 100000}}],
            containers: [{number: "QPZU2045627"}], port_of_loading: "PECLL",
            port_of_discharge: "DEHAM", destination_country: "DE"}}]' |
        quipu sign --key exporter.key -o more-shipment.qst - >/dev/null
    submit more-plots.qst more-deliveries.qst more-transfer.qst more-shipment.qst >/dev/null
    quipu prove ledger "cafe-sur/SH-$1" -o "$1.quipu" >/dev/null
}

# season_hole: plot C-0009, of 18.5 ha, with a hole; the bundle 0009.quipu.
season_hole() {
    jq -c '.features[0] |= (.properties.plot = "C-0009" | .properties.area_ha = 18.3 |
        .geometry.coordinates = [
          [[-77.100123, -6.200123], [-77.096123, -6.200234], [-77.096234, -6.196123],
            [-77.100234, -6.196234], [-77.100123, -6.200123]],
          [[-77.099123, -6.199123], [-77.099234, -6.198123], [-77.098123, -6.198234],
            [-77.098234, -6.199234], [-77.099123, -6.199123]]])' plots.geojson >hole.geojson
    season_more 0009 hole.geojson
}

season() {
    season_parties
    season_land
    season_trade
}
