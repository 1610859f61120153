// What dynamics-web-api does with the sandbox, unpatched. `node cases.cjs NAME` runs one case in
// the world as it is; without a name the cases are listed.
"use strict";

const assert = require("node:assert/strict");
const { signedIn } = require("./signed_in.cjs");

const CUSTOMER = "6f1ab2f0-7b3c-4a54-9d0c-7a1f0f4f7a11";
const FORMATTED = "OData.Community.Display.V1.FormattedValue";
const accounts = { collection: "accounts", select: ["name"] };

const create = (api, name, more = {}) =>
  api.create({ collection: "accounts", data: { name, ...more } });

async function several(api, count) {
  const ids = [];
  for (let n = 0; n < count; n += 1) ids.push(await create(api, `Customer ${n}`));
  return ids;
}

async function names(api) {
  const found = await api.retrieveMultiple(accounts);
  return found.value.map((row) => row.name).sort();
}

const refusedWith = (status) => (error) => error.status === status;

const cases = {
  async a_row_is_created_read_changed_and_deleted(api) {
    const id = await create(api, "Contoso");
    const read = await api.retrieve({ ...accounts, key: id });
    assert.equal(read.name, "Contoso");
    await api.update({ collection: "accounts", key: id, data: { name: "Contoso Ltd" } });
    assert.equal((await api.retrieve({ ...accounts, key: id })).name, "Contoso Ltd");
    await api.updateSingleProperty({ collection: "accounts", key: id, fieldValuePair: { name: "C" } });
    assert.equal((await api.retrieve({ ...accounts, key: id })).name, "C");
    await api.deleteRecord({ collection: "accounts", key: id });
    await assert.rejects(api.retrieve({ ...accounts, key: id }), refusedWith(404));
  },

  async a_representation_comes_back_when_asked_for(api) {
    const row = await api.create({ ...accounts, data: { name: "Contoso" }, returnRepresentation: true });
    assert.equal(row.name, "Contoso");
    const changed = await api.update({
      ...accounts, key: row.accountid, data: { name: "C" }, returnRepresentation: true,
    });
    assert.equal(changed.name, "C");
    assert.notEqual(changed["@odata.etag"], row["@odata.etag"]);
  },

  async a_version_guards_a_change(api) {
    const id = await create(api, "Contoso");
    const before = await api.retrieve({ ...accounts, key: id });
    const guarded = { collection: "accounts", key: id, ifmatch: before["@odata.etag"] };
    await api.update({ ...guarded, data: { name: "first" } });
    assert.equal(await api.update({ ...guarded, data: { name: "second" } }), false);
    assert.deepEqual(await names(api), ["first"]);
  },

  async an_update_never_creates_and_an_upsert_does(api) {
    const data = { name: "Contoso" };
    await assert.rejects(
      api.update({ collection: "accounts", key: CUSTOMER, data }), refusedWith(404));
    await api.upsert({ collection: "accounts", key: CUSTOMER, data });
    assert.equal((await api.retrieve({ ...accounts, key: CUSTOMER })).name, "Contoso");
  },

  async an_upsert_by_alternate_key_writes_one_row(api) {
    const key = `sk_customertenantid='${CUSTOMER}'`;
    await api.upsert({ collection: "accounts", key, data: { name: "first" } });
    await api.upsert({ collection: "accounts", key, data: { name: "second" } });
    assert.deepEqual(await names(api), ["second"]);
    assert.equal((await api.retrieve({ ...accounts, key })).name, "second");
  },

  async a_list_is_filtered_sorted_counted_and_expanded(api) {
    const [account] = await several(api, 3);
    await api.create({
      collection: "sk_billingcontracts",
      data: { sk_name: "C-1", "sk_accountid@odata.bind": `accounts(${account})` },
    });
    const found = await api.retrieveMultiple({
      ...accounts, filter: "contains(name,'Customer') and name ne 'Customer 1'",
      orderBy: ["name desc"], count: true,
    });
    assert.deepEqual(found.value.map((row) => row.name), ["Customer 2", "Customer 0"]);
    assert.equal(found.oDataCount, 2);
    assert.equal(await api.count({ collection: "accounts" }), 3);
    const { value: [contract] } = await api.retrieveMultiple({
      collection: "sk_billingcontracts", select: ["sk_name"],
      expand: [{ property: "sk_accountid", select: ["name"] }],
    });
    assert.equal(contract.sk_accountid.name, "Customer 0");
  },

  async a_list_follows_the_pages(api) {
    await several(api, 5);
    const first = await api.retrieveMultiple({ ...accounts, maxPageSize: 2 });
    assert.equal(first.value.length, 2);
    const second = await api.retrieveMultiple({ ...accounts, maxPageSize: 2 }, first.oDataNextLink);
    assert.equal(second.value.length, 2);
    const all = await api.retrieveAll({ ...accounts, maxPageSize: 2 });
    assert.equal(new Set(all.value.map((row) => row.name)).size, 5);
  },

  async annotations_name_choices_and_lookups(api) {
    await api.create({ collection: "sk_providers", data: { sk_name: "PC", sk_kind: 126310001 } });
    const { value: [row] } = await api.retrieveMultiple({
      collection: "sk_providers", select: ["sk_kind", "createdon"], includeAnnotations: "*",
    });
    assert.equal(row[`sk_kind@${FORMATTED}`], "Manual");
    assert.ok(row.createdon instanceof Date, "a time in whole seconds becomes a Date");
  },

  async changes_are_tracked_by_the_delta_link(api) {
    const [kept, gone] = await several(api, 3);
    const tracked = { ...accounts, trackChanges: true, maxPageSize: 2 };
    const before = await api.retrieveAll(tracked);
    assert.equal(before.value.length, 3);
    await api.update({ collection: "accounts", key: kept, data: { name: "changed" } });
    await api.deleteRecord({ collection: "accounts", key: gone });
    const made = await create(api, "made");
    const after = await api.retrieveMultiple(accounts, before.oDataDeltaLink);
    const [first, second, last] = after.value;
    assert.deepEqual([first.accountid, first.name], [kept, "changed"]);
    assert.deepEqual([second.accountid, second.name], [made, "made"]);
    assert.deepEqual([last.id, last.reason], [gone, "deleted"]);
    const nothing = await api.retrieveMultiple(accounts, after.oDataDeltaLink);
    assert.deepEqual(nothing.value, []);
    assert.ok(nothing.oDataDeltaLink);
  },

  async a_batch_is_one_change_set_that_refers_to_itself(api) {
    api.startBatch();
    api.create({ collection: "accounts", data: { name: "Contoso" }, contentId: "1" });
    api.create({
      collection: "sk_billingcontracts",
      data: { sk_name: "C-1", "sk_accountid@odata.bind": "$1" },
    });
    const [account, contract] = await api.executeBatch();
    const read = await api.retrieve({
      collection: "sk_billingcontracts", key: contract, select: ["_sk_accountid_value"],
    });
    assert.equal(read._sk_accountid_value, account);
  },

  async a_batch_that_fails_leaves_nothing(api) {
    api.startBatch();
    api.create({ collection: "accounts", data: { name: "Contoso" } });
    api.create({ collection: "accounts", data: { name: "x", sk_no: 1 } });
    await assert.rejects(api.executeBatch());
    assert.deepEqual(await names(api), []);
  },

  async a_batch_goes_on_outside_a_change_set(api) {
    api.startBatch();
    api.create({ collection: "accounts", data: { name: "first" }, inChangeSet: false });
    api.create({ collection: "accounts", data: { sk_no: 1 }, inChangeSet: false });
    api.create({ collection: "accounts", data: { name: "third" }, inChangeSet: false });
    api.retrieveMultiple(accounts);
    await api.executeBatch({ continueOnError: true }).catch(() => undefined);
    assert.deepEqual(await names(api), ["first", "third"]);
  },

  async a_long_link_is_sent_inside_a_batch(api) {
    const ids = await several(api, 3);
    const filter = Array.from({ length: 80 }, (_, n) => `accountid eq ${ids[n % 3]}`).join(" or ");
    const found = await api.retrieveMultiple({ ...accounts, filter });
    assert.equal(found.value.length, 3);
  },

  async lookups_are_associated_and_cleared(api) {
    const account = await create(api, "Contoso");
    const contract = await api.create({
      collection: "sk_billingcontracts", data: { sk_name: "C-1" },
    });
    const reference = {
      collection: "sk_billingcontracts", primaryKey: contract, navigationProperty: "sk_accountid",
    };
    const read = () => api.retrieve({
      collection: "sk_billingcontracts", key: contract, select: ["_sk_accountid_value"],
    });
    await api.associateSingleValued({
      ...reference, relatedCollection: "accounts", relatedKey: account,
    });
    assert.equal((await read())._sk_accountid_value, account);
    await api.disassociateSingleValued(reference);
    assert.equal((await read())._sk_accountid_value, null);
  },

  async an_impersonated_person_is_the_one_who_changed(api) {
    const { value } = await api.retrieveMultiple({
      collection: "systemusers", select: ["fullname", "azureactivedirectoryobjectid"],
    });
    const me = (await api.callFunction("WhoAmI")).UserId;
    const person = value.find((row) => row.systemuserid !== me && row.azureactivedirectoryobjectid);
    const id = await api.create({
      collection: "accounts", data: { name: "Contoso" }, impersonate: person.systemuserid,
    });
    const read = await api.retrieve({
      collection: "accounts", key: id, select: ["_createdby_value", "_createdonbehalfby_value"],
    });
    assert.deepEqual([read._createdby_value, read._createdonbehalfby_value], [person.systemuserid, me]);
  },

  async fetchxml_follows_the_pages(api) {
    await several(api, 5);
    const fetchXml =
      '<fetch count="2"><entity name="account"><attribute name="name"/><order attribute="name"/></entity></fetch>';
    const first = await api.fetch({ collection: "accounts", fetchXml, includeAnnotations: "*" });
    assert.deepEqual(first.value.map((row) => row.name), ["Customer 0", "Customer 1"]);
    assert.equal(first.PagingInfo.nextPage, 2);
    const all = await api.fetchAll({ collection: "accounts", fetchXml, includeAnnotations: "*" });
    assert.deepEqual(all.value.map((row) => row.name), [0, 1, 2, 3, 4].map((n) => `Customer ${n}`));
  },

  async metadata_is_read_and_serves_names(api) {
    const entity = await api.retrieveEntity({
      key: "LogicalName='sk_provider'", select: ["EntitySetName", "MetadataId"],
    });
    assert.equal(entity.EntitySetName, "sk_providers");
    const attributes = await api.retrieveAttributes({
      entityKey: "LogicalName='sk_provider'", castType: "Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
      select: ["LogicalName"], expand: [{ property: "OptionSet", select: ["Options"] }],
    });
    const kind = attributes.value.find((column) => column.LogicalName === "sk_kind");
    assert.deepEqual(kind.OptionSet.Options.map((o) => o.Value), [126310000, 126310001, 126310002]);
    const byName = signedIn({ useEntityNames: true });
    const id = await byName.create({ collection: "sk_provider", data: { sk_name: "PC" } });
    assert.equal((await byName.retrieve({ collection: "sk_provider", key: id })).sk_name, "PC");
    const csdl = await api.retrieveCsdlMetadata();
    assert.ok(csdl.includes('<EntityType Name="sk_provider"'));
  },

  async a_table_and_a_column_are_created_and_hold_rows(api) {
    const label = (text) => ({ LocalizedLabels: [{ Label: text, LanguageCode: 1033 }] });
    await api.createEntity({
      data: {
        "@odata.type": "Microsoft.Dynamics.CRM.EntityMetadata",
        SchemaName: "new_Asset", DisplayName: label("Asset"), DisplayCollectionName: label("Assets"),
        OwnershipType: "UserOwned", IsActivity: false, HasActivities: false, HasNotes: false,
        Attributes: [{
          "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata", AttributeType: "String",
          SchemaName: "new_Name", DisplayName: label("Name"), MaxLength: 100, IsPrimaryName: true,
          RequiredLevel: { Value: "None" },
        }],
      },
    });
    await api.createAttribute({
      entityKey: "LogicalName='new_asset'",
      data: {
        "@odata.type": "Microsoft.Dynamics.CRM.IntegerAttributeMetadata", AttributeType: "Integer",
        SchemaName: "new_Seats", DisplayName: label("Seats"), RequiredLevel: { Value: "None" },
        MinValue: 0, MaxValue: 1000,
      },
    });
    const table = await api.retrieveEntity({ key: "LogicalName='new_asset'", select: ["EntitySetName"] });
    const id = await api.create({ collection: table.EntitySetName, data: { new_name: "Desk", new_seats: 4 } });
    const row = await api.retrieve({ collection: table.EntitySetName, key: id, select: ["new_seats"] });
    assert.equal(row.new_seats, 4);
  },

  async an_error_names_its_code(api) {
    await assert.rejects(create(api, "x", { sk_no: 1 }), (error) => {
      assert.equal(error.status, 400);
      assert.match(error.message, /sk_no/);
      return typeof error.code === "string";
    });
  },
};

async function main() {
  const [name] = process.argv.slice(2);
  if (!name) {
    console.log(Object.keys(cases).join("\n"));
    return;
  }
  if (!Object.hasOwn(cases, name)) throw new Error(`no case is called ${name}`);
  await cases[name](signedIn());
  console.log(`ok ${name}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
