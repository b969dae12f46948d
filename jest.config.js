// Node strips the types itself, so jest transforms nothing (needs --experimental-vm-modules).
const base = { testEnvironment: 'node', transform: {} };
// Minutes each, on two cores: `npm run test:long`, not `npm test`.
const LONG = ['gym-kill\\.test\\.ts$'];
export default {
  testSequencer: '<rootDir>/test/support/in-order.cjs',
  projects: [
    { ...base, displayName: 'unit', roots: ['<rootDir>/src'], testRegex: '\\.test\\.ts$' },
    { ...base, displayName: 'integration', roots: ['<rootDir>/test/integration'], testRegex: '\\.test\\.ts$' },
    { ...base, displayName: 'e2e', roots: ['<rootDir>/test/e2e'], testRegex: '\\.test\\.ts$', testPathIgnorePatterns: LONG },
    { ...base, displayName: 'e2e-long', roots: ['<rootDir>/test/e2e'], testRegex: LONG },
    { ...base, displayName: 'conformance', roots: ['<rootDir>/test/conformance'], testRegex: '\\.test\\.ts$' },
  ],
};
