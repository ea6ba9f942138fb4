"""Messages that look like work for code and are not. Every one of them must be met with silence."""

WORD_PROBLEMS = """
If Anna has 3 apples and buys 4 more, how many apples does she have?
A train leaves at 3pm going 60 mph. When does it arrive 180 miles away?
I have 20 dollars and spend 5, what is left?
What is the probability of rolling a 6 twice?
How many 20 cent stamps can I buy with 5 dollars?
What is 17% of my salary?
What is 20% of the population of France?
what is the sum of all even numbers below 100
what is the next number: 2, 4, 8, 16
what is the area of a circle with radius 5
how far is 3 km from here
how long does it take to drive 300 km at 100 km/h
I run 5 km in 25 minutes, what is my pace
what is half of that
what is twice 5 if x is 3
solve x + 3 = 10
solve 2x = 8
what is 2x + 3x
what is x * 5
factor x^2 - 1
what is the derivative of x^2
what is the integral of 2x
prove that 1 + 1 = 2
why is 2 + 2 = 4
is 2 + 2 = 5
why is 9 a perfect square
what makes 1729 special
"""

MORE_THAN_ONE_WISH = """
what is 2+2 and why do birds sing
what is 2+2? also tell me a joke
what is 2 + 2, and what is 3 + 3?
what is 12 * 12 in words
write a poem about 12*12
write a haiku that contains 3 + 4
what is 17% of 340 and explain your steps
explain how to compute 17% of 340
show your work: 12 * 12
convert 5 km to miles and then to feet
convert 5 km to miles, please explain the formula
how many feet are in a mile and why
what time is it in Tokyo and London
what time is it in Tokyo and what is the weather
3pm in Berlin in New York time, and is that a good time to call?
days between 2024-02-03 and 2025-01-01 excluding weekends
add 90 days to 2024-12-15 and tell me the weekday
reverse "abc" and then uppercase it
sha256 of "abc" and md5 of "def"
count the words in "a b c" and the letters
extract .a from {"a": 1} and explain it
pretty-print {"a": 1} with tabs
sort these lines: b, a, c and number them
compute 2+2 then multiply by the number of moons of Mars
2+2 but in binary
4 + 4 in roman numerals please and also in binary
"""

AMBIGUOUS = """
100 + 10%
50 - 20%
what is 10 % 3
-7 mod 3
two plus two times three
2 plus 2 times 3
10 divided by 2 plus 3
square root of 16 + 9
17% of 340 + 10
half of 10 + 6
20% of 50 * 2
log(100)
log 1000
sin(30)
sin 90
0^0
0**0
6/2(1+2)
2(3+4)
3 3
1,5 + 2
1.000,50 + 2
1,00,000 + 1
007 + 1
012 * 2
what is 2+2!
5!!
2 +- 3
1 - -
what is 9/11
9/11
what is 24/7?
50/50
what is 7-11
what is 4x4
4x4
what is a 4x4
what is 1984
what is 42
17%
what is 3-2-1
what is 1/2/2003
what is 2024-02-03
2024-12-15 - 2024-11-30
what is 555-1234
1-800-555-1234
192.168.0.1/24
what is 10.0.0.1
5 gallons in liters
a ton in kg
2 tons to pounds
3 cups in ml
1 pint in liters
2 tablespoons in ml
100 calories in joules
64 KB in bytes
10 kb to MB
8 Mb in mb
1 month in days
2 years in days
how many days are in a month
how many weeks are in a year
how many days are in a year
30 degrees in radians
1/2 mile in km
1/2 cup in ml
1 1/2 hours in minutes
5 K in F and C
20 C + 5 C
100 F - 32 F
5 m in minutes
90 m in hours
8 oz in ml
10 pounds in euros
100 dollars in euros
100 USD to EUR
convert 5 bitcoin to dollars
what is $5 + 3€
5 apples + 3 apples
5 km + 3 kg
3 km + 5
5 + 3 km
1010 to decimal
convert 1010 to decimal
101 in base 1
12 in base 99
9 binary to decimal
0b12 to decimal
g1 hex to decimal
what is MIX
MCMC as a number
IIII as a number
VX as a number
what is C in decimal
0 in roman numerals
4000 in roman numerals
1.5 in roman numerals
1.5 in binary
-5 in binary
2.5 to 0 decimal places
round 2.5
2.345 to 2 decimal places
square root of -4
1/0
5 / 0
1 / (3 - 3)
0.5!
"""

DATES_AND_TIMES = """
what day of the week is 03/04/2024
days between 03/04/2024 and 05/06/2024
what day of the week is 30 February 2024
what day of the week is 29 Feb 2027
what day of the week is 31 April 2025
what day is March 5
what day of the week was 14 October 1066
what day of the week was 1 January 1600
what day of the week is 2nd of 2024
what day of the week is 1th May 2024
what day of the week is 5 May 24
what day is Christmas
days until Christmas
how many days until my birthday
how many days until Easter 2030
how many days until 2001-01-01
add 1 month to 2024-01-31
add 1 year to 2024-02-29
add 3 business days to 2024-12-15
add 90 to 2024-12-15
add a few days to 2024-12-15
add 90 days to 15/13/2024
add 99999 years to 2024-01-01
subtract 2 weeks from payday
2 weeks ago
3 months from now
in two weeks
is 1900 a leap
is it a leap year
when is the next leap year
how many days in February
how many months between 2024-01-01 and 2025-01-01
how many years between 2000-01-01 and 2025-01-01
how many working days between 2024-01-01 and 2024-02-01
what time is it in Springfield
what time is it in San Juan
what time is it in Norfolk
what time is it in Portland
what time is it in America
what time is it in Russia
what time is it in the morning
what time is it in my city
what time is it in Narnia
what time is it on Mars
what time is it in Georgia
what time is it in Tokio
what time is it in La Paz
what time is sunset in Tokyo
what time is the game in Boston
what time does the store open in Paris
what time zone is Tokyo in
3pm in Berlin
3 in Berlin in New York
3:00 in Berlin in New York
10:30 in Paris in Tokyo
3pm EST in Berlin
9am CST in Tokyo
5pm IST to UTC
13pm in Berlin in Tokyo
25:00 UTC to Berlin
14:75 UTC to Berlin
midnight in Berlin in Tokyo
2:30am on 2025-03-30 in Berlin to UTC
02:30 on 2025-10-26 in Berlin to UTC
call at 3pm in Berlin in New York time
meeting at 15:00 UTC
what time is it in New York when it is late in Paris
time difference between Tokyo and Springfield
time in a bottle lyrics
"""

TEXTS = """
how many words are in this sentence
how many words are in "well-known - facts"
how many words are in "我喜欢猫"
how many words are in a novel
how many characters are in "naïve 👍🏽"
how many characters are in Romeo and Juliet
how many letters are in the alphabet
how many e's in Eve
how many g in kg
how many m in km
how many a's are in this
how many vowels are in "hello"
reverse it
reverse hello
reverse "a" "b"
reverse the list [1, 2, 3]
reverse the string in Python
how do I reverse a string "abc" in Python
write a function to reverse "abc"
uppercase this
what does "abc" mean
what is "hello" in French
translate "hello" to uppercase French
sort "banana apple"
sort these lines: Banana and apple
sort these words: b a c
sha256 of this
sha256 of hello
sha256 of file.txt
what is sha256
what is the sha256 of the Linux kernel
crack the md5 5eb63bbbe01eeed093cb22bb8f5acdc3
decrypt "aGVsbG8="
decode base64 text
decode base64 "not base64!"
base64 decode "////"
decode this
encode "abc"
url decode "a+b%20c"
url decode "100%"
hex decode "xyz"
hash "abc"
generate a uuid
md5: str
md5: The optional md5 checksum for the file contents
reverse: bool
uppercase: yes please
give me a random number between 1 and 10
flip a coin
roll 2d6
"""

EXTRACTION = """
extract .a from {"a": 1, "a": 2}
extract .b from {"a": 1}
extract .a[3] from {"a": [1]}
extract .a.b from {"a": 1}
extract a from {a: 1}
extract .a from {"a": NaN}
extract .a from {"a": 1,}
extract .a from {"a": 1} {"a": 2}
extract the meaning from {"a": 1}
extract .a from data.json
extract .a from https://example.com/a.json
pretty-print {'a': 1}
pretty-print this
minify my javascript
minify function() {}
is {"a": 1} valid
convert {"a": 1} to yaml
find all matches of /(?=a)b/ in "ab"
find all matches of /(a)\\1/ in "aa"
find all matches of /(/ in "("
find all matches of /a*/ in "baaa"
find all matches of /\\w+/ in "straße"
find all matches of /a{1,5000}/ in "aaa"
find all matches of regex in "aaa"
find all matches of /a/
find matches for my dating profile
find the regex for emails
extract emails from my inbox
extract emails from: bob at example dot com
extract emails from: me@ and you@b.co
extract all emails from "hello"
extract urls from "see example.com"
extract urls from "www.example.com"
extract dates from "on 03/04/2024"
extract dates from "on March 5"
extract dates from "in 2024 or 2024-02-03"
extract dates from "on 2024-02-30"
extract numbers from "version 1.2.3"
extract numbers from "12:30 and 1-2"
extract numbers from "1,5 and 2"
extract numbers from the report
extract names from "Bob and Alice"
"""

PROSE = """
Write a poem about the sea.
Tell me about 1984
hello
hi
hi there!
thanks
ok
yes
no
2
12
?
!
what
what is
what is?
what is the
how many
calculate
convert
convert 5
convert km to miles
5 km
5 km in
in miles
to miles
how many in a mile
what is love
what is 3D printing
what is 5G
what is 401k
what is catch-22
what is area 51
what is 7-Eleven
what is Blink-182
what is B2B
what is web3
what is the 80/20 rule
what is the 5-4-3-2-1 method
what is 1st normal form
what are the 12 factors
what is the capital of France
what is the average salary in Germany
what is the sum insured
what is the product of combustion
what is the square root of all evil
what is the median income
what is the largest of the planets
calculate my taxes
calculate the mass of the sun
evaluate this essay
solve world hunger
solve this riddle: what has 4 legs?
convert this to Python
convert "5 km" to a string
convert my file to csv
find 3 restaurants in Rome
find the bug in 2 + 2 = 5
is 7 lucky
is 2024 a good year
was 1969 a leap for mankind
who won in 2024
add salt to taste
add 2 eggs to the recipe
add 3 to the list
subtract feelings from logic
half of the class is absent
the sum of us
one two three
one million dollars
sort my life out
count to 10
count sheep
count the stars in the sky
remove duplicates from my address book
get me a coffee
list the planets
time flies
the time is now
noon
today
base jumping
hex my enemy
increase my salary by 10%
decrease 5 by a lot
percentage of people who like cats
change from day to night
"""

TYPOS = """
waht is 2+2
what is 2++2
what is 2 plsu 2
what is 17 precent of 340
what is 17%% of 340
what is 17% off
17 % fo 340
sqare root of 16
squareroot 16 of
2 -3
+ 2 * 3
10 - - -3
3 plus minus 2
the sum of 1, and 3.5
0   -2001747478
2 -2.152861e+134 -1.069317e-73
what is (2+3
what is 2+3)
what is ()
what is 2+
what is *2
what is 2 * * 3
what is 2 *** 3
what is 2^
what is ^2
what is 1.2.3
what is 1..2
what is 1e
what is 1e5e5
what is 12 * (3+4)^
5 kilometrs in miles
5 km in milez
5 km im miles
100 ferenheit in celsius
100 f to c
255 in hexx
42 in roman numbers of doom
days betwen 2024-02-03 and 2025-01-01
days between 2024-02-03
days between 2024-02-03 and
what day of teh week is 2024-02-03
what day of the week is 2024-2-3x
how mnay feet in a mile
reverse 'abc
reverse "abc
sha265 of "abc"
bas64 encode "abc"
"""

OTHER_LANGUAGES = """
was ist 17% von 340
quanto fa 2 + 2
combien font 2 et 2
cuánto es 2 + 2
сколько будет 2 + 2
2たす2は
2加2等于多少
١ + ١
२ + २
1 + ２
wie spät ist es in Tokio
quelle heure est-il à Paris
¿qué hora es en Madrid?
wie viele Tage zwischen 2024-02-03 und 2025-01-01
konvertiere 5 km in Meilen
"""

TOO_BIG = """
9**9**9**9
9^9^9^9
2^99999999
10^5000
(2^4000)^4000
2^4000 * 2^4000
99999!
401!
((((((((((((((((((1+1))))))))))))))))))
1e999 * 1e999
square root of 2 to 999 digits
1^99999999999
"""

ALL = [
    line
    for block in (
        WORD_PROBLEMS,
        MORE_THAN_ONE_WISH,
        AMBIGUOUS,
        DATES_AND_TIMES,
        TEXTS,
        EXTRACTION,
        PROSE,
        TYPOS,
        OTHER_LANGUAGES,
        TOO_BIG,
    )
    for line in block.strip().split("\n")
] + [
    "",
    "   ",
    "\n\n",
    "2 + 2\n\nexplain",
    "sort these lines:\nb\nA\na",
    "sort these lines:\n10\n9",
    "sort these lines:\nb\na\n\nand then reverse them",
    "sort these lines:\nb\na\nThanks!",
    "dedupe:\nApple\napple",
    "count the words in: I like cats. Also tell me a joke",
    'extract emails from {"emails": ["a@b.co"]}',
    "how many rows in this csv:\na,b\nc,d",
    "how many rows in this csv:\nname,price\nx,1,2",
    "sum of column price in this csv:\nname,price\na,1\nb,two",
    "sum of column cost in this csv:\nname,price\na,1\nb,2",
    'csv to json:\nname,price\n"a,1',
    'json to csv: [{"a": 1}, {"b": 2}]',
    'json to csv: [{"a": null}]',
    'json to csv: [{"a": {"b": 1}}]',
    "pretty-print " + "[" * 5000,
    "2" + "+2" * 200,
    "what is " + "(" * 90,
    "calculate " + "-" * 150 + "1",
]
