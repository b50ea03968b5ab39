; What Bash defines, uses and sources; see assistant/repository/symbols.py for the captures.

(function_definition name: (word) @name) @definition.function
(program (variable_assignment name: (variable_name) @name) @definition.variable)
(program (declaration_command (variable_assignment name: (variable_name) @name) @definition.variable))

(command name: (command_name (word) @reference))

(command name: (command_name (word) @_source) . argument: (_) @module
  (#any-of? @_source "source" ".")) @import
