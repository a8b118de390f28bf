// Runs the stack tests in one process, because loading the CDK and synthesizing the first template takes seconds.
import './stacks/foundation.js';
import './stacks/security.js';
import './stacks/store.js';
import './stacks/image.js';
import './stacks/callback.js';
import './stacks/availability.js';
import './stacks/function.js';
import './stacks/api.js';
import './stacks/monitoring.js';
import './stacks/function-monitoring.js';
import './stacks/cosigner.js';
import './stacks/console.js';
import './stacks/console-monitoring.js';
import './stacks/all-stacks.js';
import './stacks/guide.js';
import './stacks/combinations.js';
