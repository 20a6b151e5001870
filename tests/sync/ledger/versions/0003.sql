BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0003');
CREATE TABLE conflicts (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	link_id TEXT NOT NULL, 
	field TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	base TEXT, 
	has_base BOOLEAN DEFAULT 0 NOT NULL, 
	sides TEXT NOT NULL, 
	proposals TEXT NOT NULL, 
	state TEXT NOT NULL, 
	decision TEXT, 
	decided_by TEXT, 
	decided_at TEXT, 
	opened_run TEXT, 
	opened_at TEXT NOT NULL, 
	closed_at TEXT, 
	close_reason TEXT, 
	CONSTRAINT fk_conflicts_link_id FOREIGN KEY(link_id) REFERENCES links (id), 
	CONSTRAINT fk_conflicts_opened_run FOREIGN KEY(opened_run) REFERENCES runs (id)
);
INSERT INTO "conflicts" VALUES(1,'tdmbelyavtqujxd7krcotvsb4me','tier','edited differently since they last agreed','tier_2',1,'{"hubspot":{"at":"2026-03-02T09:20:00.000000Z","by":"Chloe Park","evidence":"field history","value":"tier_3"},"salesforce":{"at":"2026-03-02T09:20:00.000000Z","by":"Ben Ortiz","evidence":"field history","value":"tier_1"}}','{"hubspot":"tier_3","salesforce":"tier_1"}','open',NULL,NULL,NULL,'260302-093000','2026-03-02T09:30:00.000000Z',NULL,NULL);
CREATE TABLE cursors (
	system TEXT NOT NULL, 
	object TEXT NOT NULL, 
	position TEXT, 
	read_at TEXT NOT NULL, 
	full_at TEXT, 
	CONSTRAINT pk_cursors PRIMARY KEY (system, object)
);
INSERT INTO "cursors" VALUES('salesforce','users',NULL,'2026-03-02T09:10:00.000000Z',NULL);
INSERT INTO "cursors" VALUES('hubspot','users',NULL,'2026-03-02T09:10:00.000000Z',NULL);
INSERT INTO "cursors" VALUES('salesforce','Account','{"since":"2026-03-02T12:40:00+00:00"}','2026-03-02T12:40:00.000000Z','2026-03-02T09:10:00.000000Z');
INSERT INTO "cursors" VALUES('hubspot','companies','{"until":1772455200000}','2026-03-02T12:40:00.000000Z','2026-03-02T09:10:00.000000Z');
INSERT INTO "cursors" VALUES('salesforce','Opportunity','{"since":"2026-03-02T09:40:00+00:00"}','2026-03-02T09:40:00.000000Z','2026-03-02T09:40:00.000000Z');
INSERT INTO "cursors" VALUES('hubspot','deals','{"until":1772444400000}','2026-03-02T09:40:00.000000Z','2026-03-02T09:40:00.000000Z');
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	at TEXT NOT NULL, 
	run_id TEXT, 
	link_id TEXT, 
	system TEXT, 
	field TEXT, 
	kind TEXT NOT NULL, 
	old TEXT, 
	new TEXT, 
	rule TEXT, 
	"by" TEXT, 
	note TEXT, 
	CONSTRAINT fk_events_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
);
INSERT INTO "events" VALUES(1,'2026-03-02T09:10:00.000000Z','260302-091000','tdmpjxgfkny7i63zfhfdknw72qp','hubspot',NULL,'linked',NULL,'27300000001',NULL,NULL,'same domain acme.com');
INSERT INTO "events" VALUES(2,'2026-03-02T09:10:00.000000Z','260302-091000','tdmpjxgfkny7i63zfhfdknw72qp','salesforce',NULL,'linked',NULL,'0015e0000000001AAA',NULL,NULL,'same domain acme.com');
INSERT INTO "events" VALUES(3,'2026-03-02T09:10:00.000000Z','260302-091000','tdmbelyavtqujxd7krcotvsb4me','hubspot',NULL,'linked',NULL,'27300000003',NULL,NULL,'same domain globex.com');
INSERT INTO "events" VALUES(4,'2026-03-02T09:10:00.000000Z','260302-091000','tdmbelyavtqujxd7krcotvsb4me','salesforce',NULL,'linked',NULL,'0015e0000000002AAA',NULL,NULL,'same domain globex.com');
INSERT INTO "events" VALUES(5,'2026-03-02T09:10:00.000000Z','260302-091000','tdmwtaz4adzdktlrn3gizdxxa2z','hubspot',NULL,'linked',NULL,'27300000004',NULL,NULL,'same domain hooli.com');
INSERT INTO "events" VALUES(6,'2026-03-02T09:10:00.000000Z','260302-091000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce',NULL,'linked',NULL,'0015e0000000003AAA',NULL,NULL,'same domain hooli.com');
INSERT INTO "events" VALUES(7,'2026-03-02T09:20:00.000000Z',NULL,'tdmpjxgfkny7i63zfhfdknw72qp','salesforce','mqa_stage','edited',NULL,'engaged',NULL,'Ben Ortiz',NULL);
INSERT INTO "events" VALUES(8,'2026-03-02T09:20:00.000000Z',NULL,'tdmbelyavtqujxd7krcotvsb4me','salesforce','tier','edited','tier_2','tier_1',NULL,'Ben Ortiz',NULL);
INSERT INTO "events" VALUES(9,'2026-03-02T09:20:00.000000Z',NULL,'tdmwtaz4adzdktlrn3gizdxxa2z','hubspot','tier','edited','tier_2','tier_1',NULL,NULL,NULL);
INSERT INTO "events" VALUES(10,'2026-03-02T09:20:00.000000Z',NULL,'tdmbelyavtqujxd7krcotvsb4me','hubspot','tier','edited','tier_2','tier_3',NULL,NULL,NULL);
CREATE TABLE held (
	link_id TEXT NOT NULL, 
	system TEXT NOT NULL, 
	field TEXT NOT NULL, 
	code TEXT NOT NULL, 
	message TEXT NOT NULL, 
	remedy TEXT, 
	attempts INTEGER NOT NULL, 
	first_at TEXT NOT NULL, 
	last_at TEXT NOT NULL, 
	next_try_at TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	CONSTRAINT pk_held PRIMARY KEY (link_id, system, field), 
	CONSTRAINT fk_held_link_id FOREIGN KEY(link_id) REFERENCES links (id)
);
INSERT INTO "held" VALUES('tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','tier','INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST','ABM tier: bad value for restricted picklist field: tier_1','Add the value to the picklist, or map it to one that is there.',7,'2026-03-02T09:30:00.000000Z','2026-03-02T12:00:00.000000Z','2026-03-02T13:04:00.000000Z','25d50c2973f829f3');
CREATE TABLE jobs (
	system TEXT NOT NULL, 
	id TEXT NOT NULL, 
	run_id TEXT NOT NULL, 
	begun_at TEXT NOT NULL, 
	CONSTRAINT pk_jobs PRIMARY KEY (system, id), 
	CONSTRAINT fk_jobs_run_id FOREIGN KEY(run_id) REFERENCES runs (id)
);
CREATE TABLE lease (
	name TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	host TEXT NOT NULL, 
	since TEXT NOT NULL, 
	expires_at TEXT NOT NULL, 
	CONSTRAINT pk_lease PRIMARY KEY (name)
);
CREATE TABLE links (
	id TEXT NOT NULL, 
	label TEXT NOT NULL, 
	domain TEXT, 
	evidence TEXT NOT NULL, 
	base TEXT NOT NULL, 
	wake BOOLEAN DEFAULT 0 NOT NULL, 
	opened_at TEXT NOT NULL, 
	closed_at TEXT, 
	close_reason TEXT, 
	CONSTRAINT pk_links PRIMARY KEY (id)
);
INSERT INTO "links" VALUES('tdmpjxgfkny7i63zfhfdknw72qp','Acme Inc.','acme.com','same domain acme.com','{"engagement_score":"71.5","mqa_stage":"engaged","owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_2"}',0,'2026-03-02T09:10:00.000000Z',NULL,NULL);
INSERT INTO "links" VALUES('tdmbelyavtqujxd7krcotvsb4me','Globex Inc.','globex.com','same domain globex.com','{"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_2"}',0,'2026-03-02T09:10:00.000000Z',NULL,NULL);
INSERT INTO "links" VALUES('tdmwtaz4adzdktlrn3gizdxxa2z','Hooli Inc.','hooli.com','same domain hooli.com','{"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_2"}',1,'2026-03-02T09:10:00.000000Z',NULL,NULL);
CREATE TABLE matches (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	members TEXT NOT NULL, 
	evidence TEXT NOT NULL, 
	state TEXT NOT NULL, 
	opened_at TEXT NOT NULL, 
	decided_by TEXT, 
	decided_at TEXT, 
	note TEXT, 
	CONSTRAINT uq_matches_key UNIQUE ("key")
);
INSERT INTO "matches" VALUES(1,'name','name hubspot:27300000006 salesforce:0015e0000000004AAA','[["hubspot","27300000006"],["salesforce","0015e0000000004AAA"]]','the same name, and no common domain','open','2026-03-02T09:10:00.000000Z',NULL,NULL,NULL);
CREATE TABLE meta (
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_meta PRIMARY KEY ("key")
);
INSERT INTO "meta" VALUES('written_by','0.1.0');
INSERT INTO "meta" VALUES('provisioned:hubspot','{"at": "2026-03-02T09:00:00+00:00", "fields": {"tandem_id": "650d4d50b55bb5a874eba22f8c4f5c1c9e18adddd4c0f041adefb11eaca69dec", "tandem_engagement_score": "d288020d83ac36f17609f43b78381b52f7b176e819f9e42c57d76fe489f2d7f6", "tandem_mqa_stage": "98f34d23ebea0dd5632fb3bccbde5a1683ef87c60ca554b328aadf37270b2ec3"}}');
INSERT INTO "meta" VALUES('builtin:salesforce','ABM_Tier__c Engagement_Score__c MQA_Stage__c Name OwnerId Tandem_Id__c Target_Account__c Website');
INSERT INTO "meta" VALUES('builtin:hubspot','domain hs_ideal_customer_profile hs_is_target_account hubspot_owner_id name tandem_engagement_score tandem_id tandem_mqa_stage');
INSERT INTO "meta" VALUES('names:salesforce','{"engagement_score": "Engagement_Score__c", "mqa_stage": "MQA_Stage__c", "owner": "OwnerId", "target_account": "Target_Account__c", "tier": "ABM_Tier__c"}');
INSERT INTO "meta" VALUES('fields:salesforce','Name Website Tandem_Id__c Target_Account__c ABM_Tier__c OwnerId Engagement_Score__c MQA_Stage__c');
INSERT INTO "meta" VALUES('lost:salesforce','MQA_Stage__c');
INSERT INTO "meta" VALUES('names:hubspot','{"engagement_score": "tandem_engagement_score", "mqa_stage": "tandem_mqa_stage", "owner": "hubspot_owner_id", "target_account": "hs_is_target_account", "tier": "hs_ideal_customer_profile"}');
INSERT INTO "meta" VALUES('fields:hubspot','name domain tandem_id hs_is_target_account hs_ideal_customer_profile hubspot_owner_id tandem_engagement_score tandem_mqa_stage');
INSERT INTO "meta" VALUES('lost:hubspot','');
INSERT INTO "meta" VALUES('definitions:salesforce','{"at": "2026-03-02T12:40:00+00:00", "shown": "e057cbc2a8b622c4"}');
INSERT INTO "meta" VALUES('restored','2026-03-02T12:00:00+00:00');
INSERT INTO "meta" VALUES('drift','{"since": "2026-02-28T12:40:00+00:00", "lines": ["salesforce Account.ABM_Tier__c options: tier_1, tier_2, tier_3 → tier_2, tier_3"]}');
INSERT INTO "meta" VALUES('drift:look_again','yes');
INSERT INTO "meta" VALUES('service','{"pid": 4711, "host": "crm-sync", "since": "2026-03-01T12:40:00+00:00", "seen_at": "2026-03-02T12:39:30+00:00", "next": {"sync": "2026-03-02T12:40:30+00:00", "full": "2026-03-02T17:40:00+00:00"}, "troubles": {"outcomes": "HubSpot or its edge failed with 503"}, "doing": "sync"}');
INSERT INTO "meta" VALUES('probing:salesforce','{"object": "Account", "record": "0015e0000000001AAA", "marks": {"Engagement_Score__c": 0, "MQA_Stage__c": "identified", "Website": "tandem-probe"}}');
CREATE TABLE outcome_history (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	system TEXT NOT NULL, 
	id TEXT NOT NULL, 
	at TEXT NOT NULL, 
	stage TEXT NOT NULL, 
	amount TEXT, 
	close_date TEXT, 
	closed BOOLEAN DEFAULT 0 NOT NULL, 
	won BOOLEAN DEFAULT 0 NOT NULL
);
INSERT INTO "outcome_history" VALUES(1,'salesforce','0065e0000000001AAA','2026-03-02T09:20:00.000000Z','Closed Won','5000','2026-02-01',1,1);
CREATE TABLE outcomes (
	system TEXT NOT NULL, 
	id TEXT NOT NULL, 
	link_id TEXT, 
	account_id TEXT, 
	name TEXT NOT NULL, 
	stage TEXT NOT NULL, 
	stage_label TEXT, 
	buyer_stage TEXT, 
	pipeline TEXT, 
	amount TEXT, 
	currency TEXT, 
	close_date TEXT, 
	closed BOOLEAN DEFAULT 0 NOT NULL, 
	won BOOLEAN DEFAULT 0 NOT NULL, 
	probability FLOAT, 
	owner_email TEXT, 
	created_at TEXT NOT NULL, 
	modified_at TEXT NOT NULL, 
	removed_at TEXT, 
	CONSTRAINT pk_outcomes PRIMARY KEY (system, id), 
	CONSTRAINT fk_outcomes_link_id FOREIGN KEY(link_id) REFERENCES links (id)
);
INSERT INTO "outcomes" VALUES('salesforce','0065e0000000001AAA','tdmpjxgfkny7i63zfhfdknw72qp','0015e0000000001AAA','Pilot','Closed Won','Closed Won','closed_won',NULL,'5000',NULL,'2026-02-01',1,1,1.0,'tandem@example.com','2026-03-02T09:20:00.000000Z','2026-03-02T09:20:00.000000Z',NULL);
CREATE TABLE records (
	system TEXT NOT NULL, 
	id TEXT NOT NULL, 
	link_id TEXT, 
	name TEXT, 
	domain TEXT, 
	tandem_id TEXT, 
	current TEXT NOT NULL, 
	observed TEXT NOT NULL, 
	unreadable TEXT NOT NULL, 
	echo TEXT NOT NULL, 
	stamp TEXT, 
	not_before TEXT, 
	modified_by TEXT, 
	state TEXT NOT NULL, 
	merged_into TEXT, 
	seen_at TEXT NOT NULL, 
	first_seen_at TEXT NOT NULL, 
	dirty BOOLEAN DEFAULT 0 NOT NULL, 
	unmatched BOOLEAN DEFAULT 0 NOT NULL, 
	covered TEXT DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_records PRIMARY KEY (id, system), 
	CONSTRAINT fk_records_link_id FOREIGN KEY(link_id) REFERENCES links (id)
);
INSERT INTO "records" VALUES('salesforce','0015e0000000001AAA','tdmpjxgfkny7i63zfhfdknw72qp','Acme','acme.com','tdmpjxgfkny7i63zfhfdknw72qp','{"engagement_score":"71.5","mqa_stage":"engaged","owner":"ben.ortiz@example.com","target_account":"false","tier":"tier_2"}','{"engagement_score":"71.5","mqa_stage":"engaged","owner":"ben.ortiz@example.com","target_account":"false","tier":"tier_2"}','{}','{}','2026-03-02T09:30:00.000000Z',NULL,'0055e0000000001AAA','present',NULL,'2026-03-02T10:00:00.000000Z','2026-03-02T09:10:00.000000Z',0,0,'{}');
INSERT INTO "records" VALUES('salesforce','0015e0000000002AAA','tdmbelyavtqujxd7krcotvsb4me','Globex','globex.com','tdmbelyavtqujxd7krcotvsb4me','{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":"false","tier":"tier_1"}','{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":"false","tier":"tier_2"}','{}','{}','2026-03-02T09:20:00.000000Z',NULL,'0055e0000000003AAA','present',NULL,'2026-03-02T09:30:00.000000Z','2026-03-02T09:10:00.000000Z',1,0,'{}');
INSERT INTO "records" VALUES('salesforce','0015e0000000003AAA','tdmwtaz4adzdktlrn3gizdxxa2z','Hooli','hooli.com','tdmwtaz4adzdktlrn3gizdxxa2z','{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":"false","tier":"tier_2"}','{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":"false","tier":"tier_2"}','{}','{}','2026-03-02T09:10:00.000000Z',NULL,'0055e0000000001AAA','present',NULL,'2026-03-02T09:30:00.000000Z','2026-03-02T09:10:00.000000Z',0,0,'{}');
INSERT INTO "records" VALUES('salesforce','0015e0000000004AAA',NULL,'Initech',NULL,NULL,'{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":"false","tier":null}','{}','{}','{}','2026-03-02T09:00:00.000000Z',NULL,'0055e0000000003AAA','present',NULL,'2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z',0,0,'{}');
INSERT INTO "records" VALUES('hubspot','27300000001','tdmpjxgfkny7i63zfhfdknw72qp','Acme Inc.','acme.com','tdmpjxgfkny7i63zfhfdknw72qp','{"engagement_score":"71.5","mqa_stage":"engaged","owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_2"}','{"engagement_score":"71.5","mqa_stage":"engaged","owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_2"}','{}','{}','2026-03-02T09:30:00.000000Z',NULL,NULL,'present',NULL,'2026-03-02T10:00:00.000000Z','2026-03-02T09:10:00.000000Z',0,0,'{}');
INSERT INTO "records" VALUES('hubspot','27300000003','tdmbelyavtqujxd7krcotvsb4me','Globex Inc.','globex.com','tdmbelyavtqujxd7krcotvsb4me','{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_3"}','{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_2"}','{}','{}','2026-03-02T09:20:00.000000Z',NULL,NULL,'present',NULL,'2026-03-02T09:30:00.000000Z','2026-03-02T09:10:00.000000Z',1,0,'{}');
INSERT INTO "records" VALUES('hubspot','27300000004','tdmwtaz4adzdktlrn3gizdxxa2z','Hooli Inc.','hooli.com','tdmwtaz4adzdktlrn3gizdxxa2z','{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_1"}','{"engagement_score":null,"mqa_stage":null,"owner":"ben.ortiz@example.com","target_account":null,"tier":"tier_2"}','{}','{}','2026-03-02T09:20:00.000000Z',NULL,NULL,'present',NULL,'2026-03-02T09:30:00.000000Z','2026-03-02T09:10:00.000000Z',1,0,'{}');
INSERT INTO "records" VALUES('hubspot','27300000006',NULL,'Initech','initech.com',NULL,'{"engagement_score":null,"mqa_stage":null,"owner":null,"target_account":null,"tier":null}','{}','{}','{}','2026-03-02T09:00:00.000000Z',NULL,NULL,'present',NULL,'2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z',0,0,'{}');
CREATE TABLE runs (
	id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	"trigger" TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	finished_at TEXT, 
	outcome TEXT, 
	counts TEXT NOT NULL, 
	calls TEXT NOT NULL, 
	error TEXT, 
	CONSTRAINT pk_runs PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES('260302-091000','sync','command','2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z','ok','{"ambiguous":1,"linked":3,"written.hubspot":6}','{"hubspot":7,"salesforce":4}',NULL);
INSERT INTO "runs" VALUES('260302-093000','sync','command','2026-03-02T09:30:00.000000Z','2026-03-02T09:30:00.000000Z','ok','{"conflicts":1,"held":1,"written.hubspot":2,"written.salesforce":1}','{"hubspot":7,"salesforce":4}',NULL);
INSERT INTO "runs" VALUES('260302-094000','outcomes','command','2026-03-02T09:40:00.000000Z','2026-03-02T09:40:00.000000Z','ok','{"new.salesforce":1}','{"hubspot":3,"salesforce":3}',NULL);
INSERT INTO "runs" VALUES('260302-100000','sync','command','2026-03-02T10:00:00.000000Z','2026-03-02T10:00:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":6,"salesforce":4}',NULL);
INSERT INTO "runs" VALUES('260302-102000','sync','command','2026-03-02T10:20:00.000000Z','2026-03-02T10:20:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":4,"salesforce":4}',NULL);
INSERT INTO "runs" VALUES('260302-104000','sync','command','2026-03-02T10:40:00.000000Z','2026-03-02T10:40:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":4,"salesforce":4}',NULL);
INSERT INTO "runs" VALUES('260302-110000','sync','command','2026-03-02T11:00:00.000000Z','2026-03-02T11:00:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":4,"salesforce":4}',NULL);
INSERT INTO "runs" VALUES('260302-112000','sync','command','2026-03-02T11:20:00.000000Z','2026-03-02T11:20:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":4,"salesforce":4}',NULL);
INSERT INTO "runs" VALUES('260302-114000','sync','command','2026-03-02T11:40:00.000000Z','2026-03-02T11:40:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":4,"salesforce":3}',NULL);
INSERT INTO "runs" VALUES('260302-120000','sync','command','2026-03-02T12:00:00.000000Z','2026-03-02T12:00:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":4,"salesforce":4}',NULL);
INSERT INTO "runs" VALUES('260302-122000','sync','command','2026-03-02T12:20:00.000000Z','2026-03-02T12:20:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":4,"salesforce":6}',NULL);
INSERT INTO "runs" VALUES('260302-124000','sync','command','2026-03-02T12:40:00.000000Z','2026-03-02T12:40:00.000000Z','ok','{"conflicts":1,"held":1}','{"hubspot":4,"salesforce":6}',NULL);
CREATE TABLE scores (
	"key" TEXT NOT NULL, 
	key_kind TEXT NOT NULL, 
	score TEXT NOT NULL, 
	as_of TEXT NOT NULL, 
	imported_at TEXT NOT NULL, 
	source TEXT NOT NULL, 
	link_id TEXT, 
	CONSTRAINT pk_scores PRIMARY KEY ("key"), 
	CONSTRAINT fk_scores_link_id FOREIGN KEY(link_id) REFERENCES links (id)
);
INSERT INTO "scores" VALUES('acme.com','domain','71.5','2026-03-02T09:20:00.000000Z','2026-03-02T09:20:00.000000Z','scores.csv','tdmpjxgfkny7i63zfhfdknw72qp');
CREATE TABLE systems (
	name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	identity TEXT NOT NULL, 
	identity_name TEXT NOT NULL, 
	first_seen_at TEXT NOT NULL, 
	CONSTRAINT pk_systems PRIMARY KEY (name)
);
INSERT INTO "systems" VALUES('salesforce','salesforce','00D000000000001EAA','Tandem Rehearsal','2026-03-02T09:00:00.000000Z');
INSERT INTO "systems" VALUES('hubspot','hubspot','24680135','HubSpot portal 24680135','2026-03-02T09:00:00.000000Z');
CREATE TABLE users (
	system TEXT NOT NULL, 
	id TEXT NOT NULL, 
	email TEXT, 
	name TEXT NOT NULL, 
	active BOOLEAN DEFAULT 0 NOT NULL, 
	writes_as TEXT, 
	CONSTRAINT pk_users PRIMARY KEY (system, id)
);
INSERT INTO "users" VALUES('salesforce','0055e0000000001AAA','tandem@example.com','Tandem Integration',1,NULL);
INSERT INTO "users" VALUES('salesforce','0055e0000000002AAA','ada.marsh@example.com','Ada Marsh',1,NULL);
INSERT INTO "users" VALUES('salesforce','0055e0000000003AAA','ben.ortiz@example.com','Ben Ortiz',1,NULL);
INSERT INTO "users" VALUES('salesforce','0055e0000000004AAA','chloe.park@example.com','Chloe Park',1,NULL);
INSERT INTO "users" VALUES('salesforce','0055e0000000005AAA','dev.rao@example.com','Dev Rao',1,NULL);
INSERT INTO "users" VALUES('salesforce','0055e0000000006AAA','emil.voss@example.com','Emil Voss',0,NULL);
INSERT INTO "users" VALUES('hubspot','701000001','admin@example.com','Ada Admin',1,'6400001');
INSERT INTO "users" VALUES('hubspot','701000018','ada.marsh@example.com','Ada Marsh',1,'6400004');
INSERT INTO "users" VALUES('hubspot','701000035','ben.ortiz@example.com','Ben Ortiz',1,'6400007');
INSERT INTO "users" VALUES('hubspot','701000052','chloe.park@example.com','Chloe Park',1,'6400010');
INSERT INTO "users" VALUES('hubspot','701000069','dev.rao@example.com','Dev Rao',1,'6400013');
CREATE TABLE writes (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id TEXT NOT NULL, 
	link_id TEXT NOT NULL, 
	system TEXT NOT NULL, 
	native_id TEXT, 
	kind TEXT NOT NULL, 
	fields TEXT NOT NULL, 
	state TEXT NOT NULL, 
	intended_at TEXT NOT NULL, 
	settled_at TEXT, 
	refusal TEXT, 
	unchecked BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT fk_writes_run_id FOREIGN KEY(run_id) REFERENCES runs (id), 
	CONSTRAINT fk_writes_link_id FOREIGN KEY(link_id) REFERENCES links (id)
);
INSERT INTO "writes" VALUES(1,'260302-091000','tdmpjxgfkny7i63zfhfdknw72qp','hubspot','27300000001','update','{"owner":{"expected":null,"reason":"salesforce leads","rule":"from_salesforce, fill_blank","value":"ben.ortiz@example.com"},"tandem_id":{"expected":null,"reason":"marks the Link","rule":"","value":"tdmpjxgfkny7i63zfhfdknw72qp"},"tier":{"expected":null,"reason":"blank here, filled from salesforce","rule":"two_way, on_conflict manual","value":"tier_2"}}','confirmed','2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z',NULL,0);
INSERT INTO "writes" VALUES(2,'260302-091000','tdmbelyavtqujxd7krcotvsb4me','hubspot','27300000003','update','{"owner":{"expected":null,"reason":"salesforce leads","rule":"from_salesforce, fill_blank","value":"ben.ortiz@example.com"},"tandem_id":{"expected":null,"reason":"marks the Link","rule":"","value":"tdmbelyavtqujxd7krcotvsb4me"},"tier":{"expected":null,"reason":"blank here, filled from salesforce","rule":"two_way, on_conflict manual","value":"tier_2"}}','confirmed','2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z',NULL,0);
INSERT INTO "writes" VALUES(3,'260302-091000','tdmwtaz4adzdktlrn3gizdxxa2z','hubspot','27300000004','update','{"owner":{"expected":null,"reason":"salesforce leads","rule":"from_salesforce, fill_blank","value":"ben.ortiz@example.com"},"tandem_id":{"expected":null,"reason":"marks the Link","rule":"","value":"tdmwtaz4adzdktlrn3gizdxxa2z"},"tier":{"expected":null,"reason":"blank here, filled from salesforce","rule":"two_way, on_conflict manual","value":"tier_2"}}','confirmed','2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z',NULL,0);
INSERT INTO "writes" VALUES(4,'260302-091000','tdmpjxgfkny7i63zfhfdknw72qp','salesforce','0015e0000000001AAA','update','{"tandem_id":{"expected":null,"reason":"marks the Link","rule":"","value":"tdmpjxgfkny7i63zfhfdknw72qp"}}','confirmed','2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z',NULL,0);
INSERT INTO "writes" VALUES(5,'260302-091000','tdmbelyavtqujxd7krcotvsb4me','salesforce','0015e0000000002AAA','update','{"tandem_id":{"expected":null,"reason":"marks the Link","rule":"","value":"tdmbelyavtqujxd7krcotvsb4me"}}','confirmed','2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z',NULL,0);
INSERT INTO "writes" VALUES(6,'260302-091000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','0015e0000000003AAA','update','{"tandem_id":{"expected":null,"reason":"marks the Link","rule":"","value":"tdmwtaz4adzdktlrn3gizdxxa2z"}}','confirmed','2026-03-02T09:10:00.000000Z','2026-03-02T09:10:00.000000Z',NULL,0);
INSERT INTO "writes" VALUES(7,'260302-093000','tdmpjxgfkny7i63zfhfdknw72qp','hubspot','27300000001','update','{"engagement_score":{"expected":null,"reason":"computed score","rule":"push","value":"71.5"},"mqa_stage":{"expected":null,"reason":"edited in salesforce","rule":"two_way, on_conflict furthest","value":"engaged"}}','confirmed','2026-03-02T09:30:00.000000Z','2026-03-02T09:30:00.000000Z',NULL,0);
INSERT INTO "writes" VALUES(8,'260302-093000','tdmpjxgfkny7i63zfhfdknw72qp','salesforce','0015e0000000001AAA','update','{"engagement_score":{"expected":null,"reason":"computed score","rule":"push","value":"71.5"}}','confirmed','2026-03-02T09:30:00.000000Z','2026-03-02T09:30:00.000000Z',NULL,0);
INSERT INTO "writes" VALUES(9,'260302-093000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','0015e0000000003AAA','update','{"tier":{"expected":"tier_2","reason":"edited in hubspot","rule":"two_way, on_conflict manual","value":"tier_1"}}','refused','2026-03-02T09:30:00.000000Z','2026-03-02T09:30:00.000000Z','{"code":"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST","fields":["ABM_Tier__c"],"gone":false,"holder":null,"message":"ABM tier: bad value for restricted picklist field: tier_1","nobody":false,"remedy":"Add the value to the picklist, or map it to one that is there.","retryable":false}',0);
INSERT INTO "writes" VALUES(10,'260302-100000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','0015e0000000003AAA','update','{"tier":{"expected":"tier_2","reason":"edited in hubspot","rule":"two_way, on_conflict manual","value":"tier_1"}}','refused','2026-03-02T10:00:00.000000Z','2026-03-02T10:00:00.000000Z','{"code":"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST","fields":["ABM_Tier__c"],"gone":false,"holder":null,"message":"ABM tier: bad value for restricted picklist field: tier_1","nobody":false,"remedy":"Add the value to the picklist, or map it to one that is there.","retryable":false}',0);
INSERT INTO "writes" VALUES(11,'260302-102000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','0015e0000000003AAA','update','{"tier":{"expected":"tier_2","reason":"edited in hubspot","rule":"two_way, on_conflict manual","value":"tier_1"}}','refused','2026-03-02T10:20:00.000000Z','2026-03-02T10:20:00.000000Z','{"code":"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST","fields":["ABM_Tier__c"],"gone":false,"holder":null,"message":"ABM tier: bad value for restricted picklist field: tier_1","nobody":false,"remedy":"Add the value to the picklist, or map it to one that is there.","retryable":false}',0);
INSERT INTO "writes" VALUES(12,'260302-104000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','0015e0000000003AAA','update','{"tier":{"expected":"tier_2","reason":"edited in hubspot","rule":"two_way, on_conflict manual","value":"tier_1"}}','refused','2026-03-02T10:40:00.000000Z','2026-03-02T10:40:00.000000Z','{"code":"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST","fields":["ABM_Tier__c"],"gone":false,"holder":null,"message":"ABM tier: bad value for restricted picklist field: tier_1","nobody":false,"remedy":"Add the value to the picklist, or map it to one that is there.","retryable":false}',0);
INSERT INTO "writes" VALUES(13,'260302-110000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','0015e0000000003AAA','update','{"tier":{"expected":"tier_2","reason":"edited in hubspot","rule":"two_way, on_conflict manual","value":"tier_1"}}','refused','2026-03-02T11:00:00.000000Z','2026-03-02T11:00:00.000000Z','{"code":"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST","fields":["ABM_Tier__c"],"gone":false,"holder":null,"message":"ABM tier: bad value for restricted picklist field: tier_1","nobody":false,"remedy":"Add the value to the picklist, or map it to one that is there.","retryable":false}',0);
INSERT INTO "writes" VALUES(14,'260302-112000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','0015e0000000003AAA','update','{"tier":{"expected":"tier_2","reason":"edited in hubspot","rule":"two_way, on_conflict manual","value":"tier_1"}}','refused','2026-03-02T11:20:00.000000Z','2026-03-02T11:20:00.000000Z','{"code":"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST","fields":["ABM_Tier__c"],"gone":false,"holder":null,"message":"ABM tier: bad value for restricted picklist field: tier_1","nobody":false,"remedy":"Add the value to the picklist, or map it to one that is there.","retryable":false}',0);
INSERT INTO "writes" VALUES(15,'260302-120000','tdmwtaz4adzdktlrn3gizdxxa2z','salesforce','0015e0000000003AAA','update','{"tier":{"expected":"tier_2","reason":"edited in hubspot","rule":"two_way, on_conflict manual","value":"tier_1"}}','refused','2026-03-02T12:00:00.000000Z','2026-03-02T12:00:00.000000Z','{"code":"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST","fields":["ABM_Tier__c"],"gone":false,"holder":null,"message":"ABM tier: bad value for restricted picklist field: tier_1","nobody":false,"remedy":"Add the value to the picklist, or map it to one that is there.","retryable":false}',0);
CREATE INDEX ix_links_domain ON links (domain);
CREATE INDEX ix_links_wake ON links (id) WHERE wake = 1;
CREATE INDEX ix_matches_state ON matches (state);
CREATE INDEX ix_outcome_history_system_id_at ON outcome_history (system, id, at);
CREATE INDEX ix_runs_kind_started_at ON runs (kind, started_at);
CREATE INDEX ix_conflicts_link_id ON conflicts (link_id);
CREATE INDEX ix_conflicts_standing ON conflicts (id) WHERE state <> 'closed';
CREATE UNIQUE INDEX uq_conflicts_standing ON conflicts (link_id, field) WHERE state <> 'closed';
CREATE INDEX ix_events_link_id_field ON events (link_id, field);
CREATE INDEX ix_events_run_id ON events (run_id);
CREATE INDEX ix_held_next_try_at ON held (next_try_at);
CREATE INDEX ix_outcomes_link_id ON outcomes (link_id);
CREATE INDEX ix_outcomes_system_account_id ON outcomes (system, account_id);
CREATE INDEX ix_records_dirty ON records (link_id) WHERE dirty = 1;
CREATE INDEX ix_records_domain ON records (domain);
CREATE INDEX ix_records_gone ON records (link_id) WHERE state <> 'present';
CREATE INDEX ix_records_merged_into ON records (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ix_records_system_state ON records (system, state);
CREATE INDEX ix_records_tandem_id ON records (tandem_id) WHERE tandem_id IS NOT NULL;
CREATE INDEX ix_records_unmatched ON records (domain, tandem_id, system, id) WHERE unmatched = 1;
CREATE UNIQUE INDEX uq_records_link_id_system ON records (link_id, system);
CREATE INDEX ix_scores_link_id ON scores (link_id);
CREATE INDEX ix_writes_link_id ON writes (link_id);
CREATE INDEX ix_writes_open ON writes (id) WHERE state IN ('intended', 'unknown');
CREATE INDEX ix_writes_unchecked ON writes (id) WHERE unchecked = 1;
CREATE INDEX ix_writes_run_id ON writes (run_id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',10);
INSERT INTO "sqlite_sequence" VALUES('writes',15);
INSERT INTO "sqlite_sequence" VALUES('matches',1);
INSERT INTO "sqlite_sequence" VALUES('conflicts',1);
INSERT INTO "sqlite_sequence" VALUES('outcome_history',1);
COMMIT;
