PRAGMA application_id = 1381191756;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE contents (
            seq INTEGER PRIMARY KEY REFERENCES logs(seq) ON DELETE CASCADE,
            input TEXT, output TEXT, expected_output TEXT, metadata TEXT, metrics TEXT,
            prompt TEXT, completion TEXT
        );
INSERT INTO "contents" VALUES(1,'"question 1"','"answer"',NULL,'{"model":"gpt-4o","status":"success"}','{"cost":0.5,"total_tokens":7}',NULL,NULL);
INSERT INTO "contents" VALUES(2,'"question 2"','"answer"',NULL,'{"model":"gpt-4o","status":"error"}','{"cost":0.25,"total_tokens":7}',NULL,NULL);
CREATE TABLE datasets (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            description TEXT NOT NULL DEFAULT '',
            type TEXT NOT NULL DEFAULT 'sampling',
            status TEXT NOT NULL DEFAULT 'ready',
            initial_log_filters TEXT NOT NULL DEFAULT '{}',
            starred INTEGER NOT NULL DEFAULT 0,
            tags TEXT NOT NULL DEFAULT '[]',
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            log_count INTEGER NOT NULL DEFAULT 0,
            error_count INTEGER NOT NULL DEFAULT 0,
            total_cost REAL NOT NULL DEFAULT 0,
            prompt_tokens INTEGER NOT NULL DEFAULT 0,
            completion_tokens INTEGER NOT NULL DEFAULT 0,
            total_tokens INTEGER NOT NULL DEFAULT 0
        );
INSERT INTO "datasets" VALUES(1,'_saved_logs','Saved logs','','virtual','ready','{}',0,'[]',1795000000.0,1795000000.0,0,0,0.0,0,0,0);
INSERT INTO "datasets" VALUES(2,'0c9f5f0e-0000-4000-8000-000000000001','support-bot','','sampling','ready','{}',0,'[]',1795000000.0,1795000000.0,2,1,0.75,0,0,14);
CREATE TABLE logs (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            dataset INTEGER NOT NULL REFERENCES datasets(seq) ON DELETE CASCADE,
            unique_id TEXT NOT NULL UNIQUE,
            origin TEXT,
            created_at REAL NOT NULL,
            updated_at REAL NOT NULL,
            happened_at REAL NOT NULL,
            log_type TEXT, model TEXT, status TEXT, status_code INTEGER, error_message TEXT,
            custom_identifier TEXT, customer_identifier TEXT, thread_identifier TEXT,
            group_identifier TEXT, trace_unique_id TEXT, span_unique_id TEXT, span_parent_id TEXT,
            span_name TEXT, span_workflow_name TEXT,
            prompt_tokens INTEGER, completion_tokens INTEGER, total_tokens INTEGER,
            cost REAL, latency REAL, time_to_first_token REAL, tokens_per_second REAL
        );
INSERT INTO "logs" VALUES(1,2,'00000000000000000000000000000001',NULL,1795000001.0,1795000001.0,1795000001.0,NULL,'gpt-4o','success',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,7,0.5,NULL,NULL,NULL);
INSERT INTO "logs" VALUES(2,2,'00000000000000000000000000000002',NULL,1795000001.0,1795000001.0,1795000001.0,NULL,'gpt-4o','error',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,7,0.25,NULL,NULL,NULL);
CREATE INDEX logs_status ON logs(dataset, status);
CREATE INDEX logs_status_code ON logs(dataset, status_code);
CREATE INDEX logs_customer_identifier ON logs(dataset, customer_identifier);
CREATE INDEX logs_thread_identifier ON logs(dataset, thread_identifier);
CREATE INDEX logs_custom_identifier ON logs(dataset, custom_identifier);
CREATE INDEX logs_group_identifier ON logs(dataset, group_identifier);
CREATE INDEX logs_trace_unique_id ON logs(dataset, trace_unique_id);
CREATE INDEX logs_span_name ON logs(dataset, span_name);
CREATE INDEX logs_span_workflow_name ON logs(dataset, span_workflow_name);
CREATE INDEX logs_model ON logs(dataset, model);
CREATE INDEX logs_log_type ON logs(dataset, log_type);
CREATE INDEX logs_prompt_tokens ON logs(dataset, prompt_tokens);
CREATE INDEX logs_completion_tokens ON logs(dataset, completion_tokens);
CREATE INDEX logs_total_tokens ON logs(dataset, total_tokens);
CREATE INDEX logs_cost ON logs(dataset, cost);
CREATE INDEX logs_latency ON logs(dataset, latency);
CREATE INDEX logs_created_at ON logs(dataset, created_at);
CREATE INDEX logs_happened_at ON logs(dataset, happened_at);
CREATE TRIGGER count_insert AFTER INSERT ON logs BEGIN UPDATE datasets SET total_cost = total_cost + ifnull(NEW.cost, 0), prompt_tokens = prompt_tokens + ifnull(NEW.prompt_tokens, 0), completion_tokens = completion_tokens + ifnull(NEW.completion_tokens, 0), total_tokens = total_tokens + ifnull(NEW.total_tokens, 0), log_count = log_count + 1, error_count = error_count + (NEW.status IS 'error') WHERE seq = NEW.dataset; END;
CREATE TRIGGER count_delete AFTER DELETE ON logs BEGIN UPDATE datasets SET total_cost = total_cost - ifnull(OLD.cost, 0), prompt_tokens = prompt_tokens - ifnull(OLD.prompt_tokens, 0), completion_tokens = completion_tokens - ifnull(OLD.completion_tokens, 0), total_tokens = total_tokens - ifnull(OLD.total_tokens, 0), log_count = log_count - 1, error_count = error_count - (OLD.status IS 'error') WHERE seq = OLD.dataset; END;
CREATE TRIGGER count_update AFTER UPDATE OF status, cost, prompt_tokens, completion_tokens, total_tokens ON logs BEGIN UPDATE datasets SET total_cost = total_cost - ifnull(OLD.cost, 0), prompt_tokens = prompt_tokens - ifnull(OLD.prompt_tokens, 0), completion_tokens = completion_tokens - ifnull(OLD.completion_tokens, 0), total_tokens = total_tokens - ifnull(OLD.total_tokens, 0), log_count = log_count - 1, error_count = error_count - (OLD.status IS 'error') WHERE seq = OLD.dataset; UPDATE datasets SET total_cost = total_cost + ifnull(NEW.cost, 0), prompt_tokens = prompt_tokens + ifnull(NEW.prompt_tokens, 0), completion_tokens = completion_tokens + ifnull(NEW.completion_tokens, 0), total_tokens = total_tokens + ifnull(NEW.total_tokens, 0), log_count = log_count + 1, error_count = error_count + (NEW.status IS 'error') WHERE seq = NEW.dataset; END;
INSERT INTO "sqlite_sequence" VALUES('datasets',2);
INSERT INTO "sqlite_sequence" VALUES('logs',2);
COMMIT;
