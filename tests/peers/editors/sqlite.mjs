// In place of the package sqlite, which is built for each system: a data base that keeps nothing, so that Continue
// neither finds an earlier answer nor counts tokens.

const nothing = { exec: async () => {}, run: async () => {}, get: async () => undefined, all: async () => [] };

export const open = async () => nothing;
