// Hold JSON documents, one a line, against a schema (draft-07): node schema.cjs SCHEMA FILE...
//
// Fails with a line for each document that does not fit, and where there is none at all.
'use strict'
const fs = require('fs')
const path = require('path')
const from = require('module').createRequire(path.join(process.env.QP_NPM, 'x.js'))
const Ajv = from('ajv').default

const schema = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const validate = new Ajv({ strict: true, strictRequired: false, strictTypes: false }).compile(schema)
let count = 0
let wrong = 0
for (const file of process.argv.slice(3)) {
  for (const line of fs.readFileSync(file, 'utf8').split('\n').filter((text) => text !== '')) {
    count++
    if (!validate(JSON.parse(line))) {
      wrong++
      const first = validate.errors[0]
      console.error(`${file}: ${first.instancePath} ${first.message} ${JSON.stringify(first.params)}`)
    }
  }
}
process.exit(wrong > 0 || count === 0 ? 1 : 0)
