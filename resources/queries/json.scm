; The keys of a JSON document's first two levels; see assistant/repository/symbols.py for the captures.

(document (object (pair key: (string (string_content) @name)) @definition.key))
(document (object (pair value: (object (pair key: (string (string_content) @name)) @definition.key))))
