-- A workspace's database as schema 1 made it (llmrec of November 2026): tables and rows.
-- On SQLite TEXT_KEY is TEXT; on PostgreSQL it is TEXT COLLATE "C", and there is no WITHOUT ROWID.
-- The key is llmrec_ebfd3a1e_4l4Nbz8mVQ78LjnXG6mcno9J5KZPirjghY6SdMetK9c.
CREATE TABLE llmrec_events (
  user_id TEXT_KEY NOT NULL,
  at_us BIGINT NOT NULL,
  position BIGINT NOT NULL,
  item_id TEXT_KEY NOT NULL,
  kind TEXT_KEY NOT NULL,
  value FLOAT,
  PRIMARY KEY (user_id, at_us, position, item_id, kind)
)
 WITHOUT ROWID;
INSERT INTO llmrec_events VALUES
  ('ada',1767441600000000,0,'JACKET-1','purchase',1.0);
INSERT INTO llmrec_events VALUES
  ('ada',1767528000000000,0,'KETTLE-1','rating',4.0);
INSERT INTO llmrec_events VALUES
  ('ada',1767528000000000,0,'SHIRT-1','view',NULL);
INSERT INTO llmrec_events VALUES
  ('ben',0,1,'BANK-1','view',NULL);
INSERT INTO llmrec_events VALUES
  ('ben',1767614400000000,0,'JACKET-2','cart',NULL);
CREATE TABLE llmrec_items (
  id TEXT_KEY NOT NULL,
  title TEXT NOT NULL,
  brand TEXT,
  category TEXT NOT NULL,
  price TEXT,
  currency TEXT,
  language TEXT,
  stock BIGINT,
  attributes TEXT NOT NULL,
  url TEXT,
  image_url TEXT,
  added_us BIGINT,
  content_hash TEXT NOT NULL,
  description TEXT NOT NULL,
  PRIMARY KEY (id)
);
INSERT INTO llmrec_items VALUES
  ('BANK-1','Power bank','Volt','["Power"]','19.99','EUR','en',5,'{"capacity":"10,000 mAh","weight":"1,5 kg"}',NULL,NULL,NULL,'4e17c990ce658bbb1ab46b2d95312143','For the road.');
INSERT INTO llmrec_items VALUES
  ('JACKET-1','Rain jacket, light','Tamperley','["Clothing","Jackets"]','59.90','EUR','en',7,'{"size":"S, M, L","colour":"navy"}','https://shop.example/j1','https://shop.example/j1.jpg',1767268800000000,'0b06b21a6efdd82f4ff3df4bec668932','Keeps the rain out.');
INSERT INTO llmrec_items VALUES
  ('JACKET-2','Rain jacket, lined','Tamperley','["Clothing","Jackets"]','89.00','EUR','en',2,'{"size":"M"}',NULL,NULL,NULL,'74138a1e5f27be894a9138bca550ced2','Warm and dry.');
INSERT INTO llmrec_items VALUES
  ('JACKET-3','Rain jacket for children','Osk','["Clothing","Jackets"]','39.50','EUR','en',NULL,'{"size":"S | M","care":"wash cold, do not bleach, hang to dry"}',NULL,NULL,NULL,'124fc91af4deb6fc0ed15241c610c62c','');
INSERT INTO llmrec_items VALUES
  ('KETTLE-1','Wasserkocher','Osk','["Küche"]',NULL,NULL,'de',0,'{}',NULL,NULL,NULL,'67a764b9ce3e75dde195bedb4b2e8f9e','Kocht schnell.');
INSERT INTO llmrec_items VALUES
  ('SHIRT-1','Shirt','Osk','["Clothing"]','25','EUR','en',3,'{"material":"Cotton 60 %, Polyester 40 %","größe":"S, M"}',NULL,NULL,NULL,'7b7735ea5e86537c5f052a7bbe5c717c','Soft.');
CREATE TABLE llmrec_keys (
  id TEXT_KEY NOT NULL,
  hash TEXT NOT NULL,
  scope TEXT NOT NULL,
  user_id TEXT,
  made_us BIGINT NOT NULL,
  revoked_us BIGINT,
  PRIMARY KEY (id)
);
INSERT INTO llmrec_keys VALUES
  ('ebfd3a1e','0e5ec1b641a93c9f4203b12e9788f5332f9caf90e9f18681719c8f584647fd60','merchant',NULL,1796012009323136,NULL);
CREATE TABLE llmrec_meta (
  "key" TEXT NOT NULL,
  value BIGINT NOT NULL,
  PRIMARY KEY ("key")
)
 WITHOUT ROWID;
INSERT INTO llmrec_meta VALUES
  ('events',1796012009273);
INSERT INTO llmrec_meta VALUES
  ('items',1796012009269);
INSERT INTO llmrec_meta VALUES
  ('schema_version',1);
CREATE TABLE llmrec_reviews (
  user_id TEXT_KEY NOT NULL,
  at_us BIGINT NOT NULL,
  position BIGINT NOT NULL,
  item_id TEXT_KEY NOT NULL,
  kind TEXT_KEY NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (user_id, at_us, position, item_id, kind)
);
INSERT INTO llmrec_reviews VALUES
  ('ada',1767528000000000,0,'KETTLE-1','rating','Boils fast.');
CREATE TABLE llmrec_sessions (
  id TEXT_KEY NOT NULL,
  user_id TEXT,
  title TEXT NOT NULL,
  turns BIGINT NOT NULL,
  started_us BIGINT NOT NULL,
  said_us BIGINT NOT NULL,
  conversation TEXT NOT NULL,
  PRIMARY KEY (id)
);
INSERT INTO llmrec_sessions VALUES
  ('66477843c10a734b93a12b96f7d1e32b','ada','a rain jacket in size M',1,1796012009378984,1796012009378984,'{"version":1,"id":"66477843c10a734b93a12b96f7d1e32b","user":"ada","language":"en","now":{"constraints":{"held":[{"kind":"attribute","name":"size","values":["M","S | M","S, M, L"],"amount":null,"currency":null,"said":"M"}]},"ask":{"tool":"recommend","product":null,"title":""},"words":["rain jacket"],"shown":[],"passed":[],"focus":null,"marks":[],"aside":0},"before":[{"constraints":{"held":[]},"ask":{"tool":"recommend","product":null,"title":""},"words":[],"shown":[],"passed":[],"focus":null,"marks":[],"aside":0}],"turns":[{"said":"a rain jacket in size M","answered":"Found","products":["JACKET-1"],"at":"2026-01-06T12:00:00Z"}],"asked":""}');
CREATE INDEX ix_llmrec_sessions_user_id ON llmrec_sessions (user_id);
