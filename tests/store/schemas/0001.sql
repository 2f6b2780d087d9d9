BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0001');
CREATE TABLE card_shown (
	card_uuid TEXT NOT NULL, 
	card_id TEXT NOT NULL, 
	card_version TEXT NOT NULL, 
	indicator TEXT NOT NULL, 
	service_id TEXT NOT NULL, 
	client TEXT NOT NULL, 
	shown_at DATETIME NOT NULL, 
	week DATE NOT NULL, 
	patient_hash TEXT, 
	PRIMARY KEY (card_uuid)
);
INSERT INTO "card_shown" VALUES('card-1','b12-deficiency-untreated','1.0.0','warning','b12-folate-patient-view','https://ehr.example.org','2026-11-23 12:00:00.000000','2026-11-23','ab12');
CREATE TABLE feedback (
	digest TEXT NOT NULL, 
	card_uuid TEXT NOT NULL, 
	client TEXT NOT NULL, 
	service_id TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	outcome_at DATETIME NOT NULL, 
	received_at DATETIME NOT NULL, 
	reason_system TEXT NOT NULL, 
	reason_code TEXT NOT NULL, 
	commented BOOLEAN NOT NULL, 
	PRIMARY KEY (digest)
);
INSERT INTO "feedback" VALUES('4780398cd55dca00db326b12a379dd090fb91b145fb5885a3cc9e344b4a9b5e2','card-1','https://ehr.example.org','b12-folate-patient-view','accepted','2026-11-23 12:00:00.000000','2026-11-23 12:00:00.000000','','',0);
CREATE TABLE suggestion_accepted (
	digest TEXT NOT NULL, 
	suggestion_uuid TEXT NOT NULL, 
	PRIMARY KEY (digest, suggestion_uuid)
);
INSERT INTO "suggestion_accepted" VALUES('4780398cd55dca00db326b12a379dd090fb91b145fb5885a3cc9e344b4a9b5e2','s-1');
CREATE TABLE suggestion_shown (
	suggestion_uuid TEXT NOT NULL, 
	card_uuid TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	PRIMARY KEY (suggestion_uuid)
);
INSERT INTO "suggestion_shown" VALUES('s-1','card-1',0,'Add B12');
CREATE INDEX card_shown_week ON card_shown (week);
CREATE INDEX card_shown_hashed ON card_shown (shown_at) WHERE patient_hash IS NOT NULL;
CREATE INDEX ix_suggestion_shown_card_uuid ON suggestion_shown (card_uuid);
CREATE INDEX ix_feedback_card_uuid ON feedback (card_uuid);
COMMIT;
