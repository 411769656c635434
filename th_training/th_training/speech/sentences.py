"""What the voices say: sentences of our own writing, by emotion, and some in other languages.

Service-robot talk (greetings, directions, hospital, hotel, numbers, small talk), so that a face learns the words it will
say, and between them every English sound in several contexts. The paper's corpus has 15 sentences per emotion and 30
neutral ones; here there are 18 and 36.
"""

from __future__ import annotations

NEUTRAL = """
Good morning, and welcome to the information desk.
The lifts are at the end of this corridor, just behind the glass door.
Your appointment is at a quarter past eleven in room two hundred and seven.
Please follow the yellow line on the floor until you reach the pharmacy.
Breakfast is served from half past six until ten on the first floor.
The bus to the central station leaves every twelve minutes from platform four.
Could you spell your surname for me, please?
My battery will last for about five more hours.
The museum shop sells postcards, books, and small wooden toys.
You may leave your umbrella in the basket beside the entrance.
I will measure your temperature and your blood pressure now.
The wireless password is printed on the back of your key card.
Turn left at the fountain, then walk past the old chapel.
We keep the orchids in the south wing, where the light is softer.
One, two, three, four, five, six, seven, eight, nine, ten.
The forecast says fourteen degrees, with thin cloud and a light breeze.
Your parcel weighs three kilograms and will be shipped on Thursday.
A technician checks the boiler, the pumps and the valves each week.
Which of these two forms would you like to fill in?
The meeting has been moved from Wednesday to Friday afternoon.
Take one tablet with water after each meal.
The library opens at nine and closes at half past five.
Mark your choice with a cross and press the green button.
There are sixty-eight chairs in the main hall, and twelve more outside.
I can speak slowly, or a little faster, whichever you prefer.
The chef uses fresh thyme, sage, basil and a pinch of saffron.
Judge for yourself whether the azure vase or the beige one suits the room.
Both of them thought that the weather up north was rather rough.
He put a full cup of coffee on the low wooden table.
Mum and Bob bumped into Peter by the public pool.
Few people have ever viewed the whole valley from above.
She washes the fish, chops the chives, and switches on the oven.
We were away while the wind was blowing in the willows.
Their younger brother usually measures everything twice.
The boy enjoyed the noise of the toy train in the yard.
How now would you go round the house without a sound?
"""

HAPPINESS = """
What a wonderful surprise to see you here again!
Happy birthday, my dear friend, and many more to come!
Yes, we won the match, and the whole team is singing!
Your test results came back, and everything looks perfect!
I love the smell of fresh bread in the morning!
Come in, come in, the party has just begun!
That is the best joke I have heard all week!
The sun is shining, the birds are singing, and we are going to the beach!
You did it! You passed every single exam!
We saved you the finest room, with a view of the whole bay!
Oh, how lovely, you brought flowers for everybody!
The puppies are playing with the children in the garden!
I am so glad that you feel better today!
Thank you very much, that was a marvellous meal!
Let us celebrate with cake, music and dancing!
Hooray, the holidays start tomorrow morning!
My favourite song is on the radio, turn it up!
It makes me smile whenever you walk through that door!
"""

ANGER = """
Stop that at once, you are breaking the machine!
I have told you five times not to touch this switch!
Who left the back door open all night?
This is not what I ordered, and you know it!
Get out of my way, I have been waiting for an hour!
How dare you speak to my colleague like that!
That is enough, put the box down now!
You promised to be here by eight, and it is past ten!
They cheated us out of every penny we earned!
Do not ever push a patient in this corridor!
I refuse to pay for a room without hot water!
Nobody answered the phone, and nobody called me back!
Take your hands off the emergency button!
It is completely unfair, and you should be ashamed!
Why did you throw away my papers without asking?
Again the wrong form, again the wrong date, again the wrong name!
Move your car, it is blocking the ambulance!
I am furious about the way you treated her!
"""

SADNESS = """
I am sorry, but the garden party has been cancelled.
We lost the house where my mother was born.
She waited by the window, but nobody came.
Nothing has been the same since you moved away.
My old dog died last Sunday in his sleep.
I wish we could have said goodbye.
The letters stopped, and I never knew why.
It hurts to walk through these empty rooms.
He worked here for forty years, and now he is gone.
I failed again, and I do not know what to do.
All the photographs were ruined by the flood.
There is no one left who remembers her song.
The last train has gone, and I am all alone.
They had to sell the farm, and the horses too.
I miss the way we used to talk for hours.
The doctor said that there is little hope.
Please forgive me, I never meant to hurt you.
How quiet it is without the children.
"""

SURPRISE = """
Wow, did you really build this all by yourself?
What, you are getting married tomorrow?
Oh! I did not see you standing there!
You mean the whole bridge is made of paper?
No way, that fish is bigger than the boat!
Goodness, how tall you have grown!
Is that really a tiger in the lobby?
Look, the statue just moved its arm!
I never thought that I would see snow in July!
They gave us the keys to the entire palace!
Wait, there are two hundred people outside?
You found my ring after all these years?
How on earth did the cat get up there?
Everything was upside down when I opened my eyes!
So the quiet boy next door is the famous singer!
It only costs three pounds? That cannot be true!
Suddenly all the lights went out, and then came the music!
Who would have guessed that you speak Japanese?
"""

DISGUST = """
Ugh, there is a hair in my soup.
This milk has been sour for at least a week.
Please take those filthy shoes off the table.
The bathroom smells like rotten eggs.
I will never eat in that greasy place again.
Something slimy is crawling out of the drain.
He wiped his nose on the clean white towel.
What a revolting way to talk about a guest.
The cheese was green, furry and warm.
Do not touch it, it is covered in mould.
They throw all of their rubbish into the river.
The floor is sticky, and I would rather not know why.
That joke was cheap, nasty and cruel.
There were flies on the meat and worms in the fruit.
Yuck, the water tastes of rust and old socks.
I feel sick when I think of that awful smell.
You really want me to drink this brown sludge?
Such behaviour makes my stomach turn.
"""

FEAR = """
Did you hear that noise behind the wall?
Please do not leave me alone in the dark.
There is somebody outside, and he is trying the handle.
Hurry, the water is rising, we must get out!
I think the brakes have stopped working.
Keep very still, the snake is right beside your foot.
What if they never find us up here?
The ladder is shaking, I cannot hold on!
Help, my little girl is missing!
Do not open that door, whatever you do!
The fire is spreading faster than we can run.
I dreamt that I was falling, and I could not wake up.
Something cold just touched my neck.
The ice is cracking under our feet!
He said that he would come back with a knife.
Are you sure that this bridge is safe?
My heart is beating so fast that I can hardly breathe.
We should not be here, let us go, please, let us go!
"""

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")

ENGLISH: dict[str, tuple[str, ...]] = {
    name: tuple(line.strip() for line in text.strip().splitlines())
    for name, text in (
        ("anger", ANGER),
        ("disgust", DISGUST),
        ("fear", FEAR),
        ("happiness", HAPPINESS),
        ("neutral", NEUTRAL),
        ("sadness", SADNESS),
        ("surprise", SURPRISE),
    )
}
"""English sentences by emotion."""

FOREIGN: dict[str, tuple[str, ...]] = {
    "de": (
        "Guten Morgen, herzlich willkommen in unserem Haus.",
        "Der Aufzug ist am Ende des Flurs, gleich hinter der Glastür.",
        "Möchten Sie lieber einen grünen Tee oder schwarzen Kaffee?",
        "Fünf Brüder fuhren über die Brücke zum Bahnhof.",
        "Bitte warten Sie einen Augenblick, die Ärztin kommt gleich.",
    ),
    "fr": (
        "Bonjour, puis-je vous aider à trouver votre chambre?",
        "Le petit déjeuner est servi jusqu'à dix heures et demie.",
        "Prenez la première rue à gauche, puis traversez le pont.",
        "Un bon vin blanc se boit bien frais, au bord de l'eau.",
        "Quelle belle surprise de vous revoir parmi nous!",
    ),
    "es": (
        "Buenos días, bienvenidos a nuestro pequeño museo.",
        "La farmacia está abierta hasta las ocho de la tarde.",
        "¿Prefiere usted una habitación con vista al mar?",
        "Mañana vamos a viajar con mi familia a la montaña.",
        "Por favor, sígame despacio por este pasillo.",
    ),
    "it": (
        "Buongiorno, la colazione è pronta nella sala grande.",
        "Il treno per il centro parte fra venti minuti dal binario tre.",
        "Vuole provare un piatto di pasta con le zucchine?",
        "Che bella giornata, andiamo a passeggiare lungo il fiume!",
    ),
    "pt": (
        "Bom dia, posso ajudar o senhor com as malas?",
        "O elevador fica ao fundo do corredor, depois da porta azul.",
        "A minha irmã vive numa casa branca perto do mar.",
    ),
    "nl": (
        "Goedemorgen, waar kan ik u mee helpen?",
        "De uitgang is rechtdoor en dan de tweede deur links.",
        "Wij bouwen een nieuw huis vlak bij de rivier.",
    ),
    "pl": (
        "Dzień dobry, proszę usiąść i chwilę poczekać.",
        "Winda znajduje się na końcu korytarza po prawej stronie.",
        "Czy mogę prosić o szklankę wody?",
    ),
    "sv": (
        "God morgon, välkommen till vårt lilla hotell.",
        "Bussen går om fem minuter från hållplatsen utanför.",
        "Vill du ha mjölk eller socker i kaffet?",
    ),
    "tr": (
        "Günaydın, size nasıl yardımcı olabilirim?",
        "Müze her gün saat dokuzda açılıyor.",
        "Lütfen bu koridoru takip edin ve sola dönün.",
    ),
    "ru": (
        "Доброе утро, добро пожаловать в нашу гостиницу.",
        "Поезд отправляется через пять минут с третьего пути.",
        "Можно мне, пожалуйста, стакан воды?",
    ),
    "fi": (
        "Hyvää huomenta, kuinka voin auttaa teitä?",
        "Juna lähtee laiturilta kolme viiden minuutin kuluttua.",
    ),
    "el": (
        "Καλημέρα σας, πώς μπορώ να σας βοηθήσω;",
        "Το λεωφορείο φεύγει σε πέντε λεπτά.",
    ),
    "hi": (
        "नमस्ते, मैं आपकी क्या मदद कर सकता हूँ?",
        "कमरा दूसरी मंज़िल पर बाईं तरफ़ है।",
    ),
    "ja": (
        "おはようございます、ようこそ いらっしゃいました。",
        "えきは みぎに まがって すぐ そこです。",
    ),
}
"""Sentences in other languages, by espeak-ng's language code."""


LAUGHTER = (
    "Ha ha ha ha ha!",
    "Ha ha ha! Ha ha ha ha!",
    "Hee hee hee hee!",
    "Ho ho ho, ha ha ha ha!",
    "Ha ha, oh no, ha ha ha!",
    "Heh heh heh, ha ha!",
)
"""What is no sentence, and is laughed rather than said."""


def english() -> tuple[tuple[str, str], ...]:
    """Every English sentence as (emotion, text), always in the same order."""
    return tuple((emotion, text) for emotion in EMOTIONS for text in ENGLISH[emotion])
