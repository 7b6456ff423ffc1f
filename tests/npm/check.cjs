// Read GeoJSON files as others do: node check.cjs FILE...
//
// Fails with a line for each finding of geojsonhint (RFC 7946, right-hand rule, six decimals),
// check-geojson and turf's kinks; and where Area is another area than turf's, which reckons with a
// sphere of 6,371,008.8 m where TRACES has 6,378,137 m.
'use strict'
const fs = require('fs')
const path = require('path')
const from = require('module').createRequire(path.join(process.env.QP_NPM, 'x.js'))
const { hint } = from('@mapbox/geojsonhint')
const { getIssues } = from('@placemarkio/check-geojson')
const kinks = from('@turf/kinks').kinks ?? from('@turf/kinks').default
const area = from('@turf/area').area ?? from('@turf/area').default
const sphere = (6378137 / 6371008.8) ** 2

function* findings(text) {
  yield* hint(text, { precisionWarning: true }).map((one) => `geojsonhint: ${one.message}`)
  yield* getIssues(text).map((one) => `check-geojson: ${one.message}`)
  for (const position of text.match(/\[-?[\d.]+,-?[\d.]+\]/g) ?? []) {
    if (!/^\[-?\d+\.\d{6},-?\d+\.\d{6}\]$/.test(position)) {
      yield `not six decimals: ${position}`
    }
  }
  for (const [at, feature] of JSON.parse(text).features.entries()) {
    const hectares = feature.properties.Area
    if (typeof hectares !== 'number') {
      yield `feature ${at}: Area is not a number`
    }
    if (feature.geometry.type === 'Point') {
      continue
    }
    if (kinks(feature.geometry).features.length > 0) {
      yield `feature ${at}: crosses itself`
    }
    if (Math.abs(hectares * 10000 - area(feature) * sphere) > 2 + hectares * 2) {
      yield `feature ${at}: ${hectares} ha, turf says ${(area(feature) * sphere) / 10000}`
    }
  }
}

let count = 0
for (const file of process.argv.slice(2)) {
  for (const finding of findings(fs.readFileSync(file, 'utf8'))) {
    console.error(`${file}: ${finding}`)
    count++
  }
}
process.exit(count > 0 ? 1 : 0)
