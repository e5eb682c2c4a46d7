"""PowerPC64 CPUs over Unicorn: registers, translation, exceptions, pacing. The engine is C (engine.h)."""
