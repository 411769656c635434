"""The words of docs/ahead.md."""

HEAD = """\
# Predict now, correct as context arrives

Written by `{command}`: do not edit. A fixed lookahead waits for so many frames, whether more have come by the time the face is due or
not. Tried here: *one network for any lookahead* (each step of its training looks 0 to 6 frames ahead, drawn for it; `th_training/evaluate/anytime.py`) that says of a frame
what can be said now, and says it again as more is heard; and ways of correcting what is shown by what is known later. A face that was shown is past:
context that comes later can only change the network's memory of it, and what it tells of the frames to come.

All of it in profile `live`, each clip by networks that have not heard it, one training each:

{subjects}

CORR as in [table1.md](table1.md); lip opening r against the true opening (of codes; of *stranger* against the tracked landmarks of the pictures, there are no true
codes of him); jerk is the rms of third differences over the truth's. *Above*: than the network that was trained for that delay, the model
`live` at its own, clip by clip, with 95 % intervals (bootstrap over clips; another training's luck is not in them), **bold** where they exclude zero. {machine}.
"""

SECTIONS = {
    "steady": """\
Delay is the network's own, in frames of 1/60 s. *Past revised*: with every frame the layers' states over the last 6 frames are computed anew
from all that has come, as `PredictorStream.peek` does; without it a state is made of what each frame could know when it was shown.
""",
    "corrections": """\
At the delay of `live`, one frame. *Offset*: how much the last 6 frames look different by now than when they were shown, times a gain, is added to the coming
ones, changing by a quarter of the usual largest step a frame at most. *Eased*: the error of the last face shown is kept but for a share, so that a
corrected course is approached, not jumped to. *Bounded*: 99.5 % of the true steps from frame to frame are not larger. *Spring*: critically damped. *Linear*: the best
weights (ridge, of other clips) of what was shown, what the next frames look like, and, *revised*, of how the past has changed since: the ceiling of what
any offset can do.
""",
    "arriving": """\
The graph's delay is for the late messages: most frames could know more than what `live` waits for. Here, in a simulation, sound comes in messages, in order,
late by chance; the delay adapts as it does in the graph (`th_face_predictor.delay`), for `live`'s one frame, to margins
within 7 ms of those of `tests/test_hour.py` ([figures.md](figures.md#the-running-graph)). Each code leaves 20 ms before it is due, when the slowest of today's do, with
all the context that has come, 6 frames at most. Both have the same delay from sound to face. *Eased, bounded velocity*: a correction moves the face by
at most half the usual largest step a frame. *The least of the last 0.5 s*: the context hardly changes from frame to frame.
*`live` below 3 frames*: both networks run, and what is shown goes over from one to the other.
""",
    "cost": """\
Processor time per frame of BBF 262: {live_ms} ms as `live` streams, {again_ms} ms where all pending frames are looked at anew as each one comes (budget: 2 ms).
From a sound to its face, without messages and margin: {delays}.
""",
    "rule": """\
Better than the model that was trained for the delay is what has CORR and lip opening r above, both intervals without zero, and neither jerk surely
above; of *stranger*, by the lips alone.
""",
    "follows": """\
- Sound that comes evenly: nothing to win at the same delay. What was trained for it uses all that is known by then; one network for every lookahead is worse than
  it at each of them on *grid*, and what it gains in CORR on *actor* it loses at the lips. To know better what past frames should have looked like says next to
  nothing of the coming ones: the best linear use of it brings a hair of CORR and half as much jerk again, an offset loses.
- More is known only where more has come than `live` waits for: while the margin is still large, and with messages that jitter much. There one network for any
  lookahead, shown with all the context that has come, follows the actor and the speaker it knows better than `live` does at the same delay; and a correction that
  is eased costs next to nothing and takes away the jerk that changing context brings.
- It is not built in: on a microphone of the robot, once the margin has settled, it is not better by the rule, and the lips of a real speaker whom the networks
  have never heard are nowhere followed better. `live` waits for one frame and stays as it is.
- For operators behind networks that jitter it would be worth the rest: a recipe that draws the lookahead of each step, trained with the faces; codes that
  leave when they are due (`LivePredictor` computes such ones today when they are hurried), eased as `eased` does; and a parameter for the frames that the
  delay counts.
""",
}
