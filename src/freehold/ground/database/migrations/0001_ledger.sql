-- Receipts: one row per request. Columns for what is asked about, JSON for the attempts.
CREATE TABLE receipts (
    sequence      {sequence},
    id            TEXT NOT NULL,
    time          DOUBLE PRECISION NOT NULL,
    owner         TEXT NOT NULL,
    dialect       TEXT NOT NULL,
    asked         TEXT NOT NULL,
    outcome       TEXT NOT NULL,
    error         TEXT NOT NULL,
    provider      TEXT NOT NULL,
    model         TEXT NOT NULL,
    layer         INTEGER,
    place         TEXT NOT NULL,
    stream        BOOLEAN NOT NULL,
    cached        BOOLEAN NOT NULL,
    input         BIGINT NOT NULL,
    cache_read    BIGINT NOT NULL,
    cache_write   BIGINT NOT NULL,
    output        BIGINT NOT NULL,
    reasoning     BIGINT NOT NULL,
    audio_seconds DOUBLE PRECISION NOT NULL,
    estimated     BOOLEAN NOT NULL,
    nano_usd      BIGINT,
    joules        DOUBLE PRECISION,
    basis         TEXT,
    first_byte    DOUBLE PRECISION,
    seconds       DOUBLE PRECISION NOT NULL,
    worker        TEXT NOT NULL,
    attempts      TEXT NOT NULL
);
CREATE UNIQUE INDEX receipts_by_id ON receipts (id);
CREATE INDEX receipts_by_time ON receipts (time);

-- Virtual keys: the digest of the secret, never the secret.
CREATE TABLE virtual_keys (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    digest     TEXT NOT NULL UNIQUE,
    prefix     TEXT NOT NULL,
    created    DOUBLE PRECISION NOT NULL,
    expires    DOUBLE PRECISION,
    revoked    DOUBLE PRECISION,
    models     TEXT NOT NULL,
    allowances TEXT NOT NULL,
    tenant     TEXT NOT NULL,
    privacy    TEXT NOT NULL
);

-- A number per topic that changes with every change to it, so that other processes notice by reading one row.
CREATE TABLE generations (
    topic TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO generations (topic, value) VALUES ('virtual_keys', 0);

-- Allowances: one row per owner and allowance, for its latest window. `charged` is what counts against the limit: all
-- that was ever handed to a worker and not given back. `used` is what workers said they really used.
CREATE TABLE spending (
    owner         TEXT NOT NULL,
    allowance     TEXT NOT NULL,
    window_number BIGINT NOT NULL,
    charged       BIGINT NOT NULL,
    used          BIGINT NOT NULL,
    PRIMARY KEY (owner, allowance)
);
