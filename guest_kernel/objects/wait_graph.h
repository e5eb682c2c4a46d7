// Who waits for whom, across mutexes and mediators.
#pragma once

namespace objects {

class Mediator;

// Whether a call inside the object can only end after a caller that the mediator blocks: a cycle, which this prints. All
// of it was there at one moment, so it stays until a swap gives way.
bool deadlocked(const Mediator& mediator);

}
