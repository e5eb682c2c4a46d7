// Who waits for whom, across mutexes and mediators.
#pragma once

namespace objects {

class Mediator;

// Whether a call inside the object can only end after a caller that the mediator blocks: a cycle, which this prints.
// Looks at the blocked threads one after the other, so what it sees may be past already; a swap that goes back to
// forward for nothing loses only time.
bool deadlocked(const Mediator& mediator);

}
