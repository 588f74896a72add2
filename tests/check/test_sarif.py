#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modsure check --sarif is SARIF 2.1.0 by its authors' schema, and says what --json says.

MODSURE_SARIF names the folder that tools/fetch-sarif-schema filled.
"""

import json
import os
import sys
import urllib.parse

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import planted  # noqa: E402
import tap  # noqa: E402
import test_planted  # noqa: E402
from test_command import Case, lost  # noqa: E402


def plain(message):
    return message['text'].replace('{{', '{').replace('}}', '}')


class Sarif(Case):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(os.environ['MODSURE_SARIF'], 'sarif-schema-2.1.0.json'), encoding='utf-8') as file:
            cls.schema = json.load(file)

    def sarif(self, *args, status=None):
        log = self.check(*self.system.args, '--sarif', *args, status=status).json
        self.validate(log)
        self.assertEqual((log['version'], len(log['runs'])), ('2.1.0', 1))
        return log['runs'][0]

    def validate(self, log):
        validator = jsonschema.Draft7Validator if 'draft-07' in self.schema['$schema'] else jsonschema.Draft4Validator
        errors = ['%s: %s' % (list(error.absolute_path), error.message)
                  for error in validator(self.schema).iter_errors(log)]
        self.assertEqual(errors, [])

    def path_of(self, run, location):
        """the file that a location leads to, as a reader of SARIF finds it"""
        base = run['originalUriBaseIds'][location['uriBaseId']]['uri'] if 'uriBaseId' in location else ''
        for part in (base, location['uri']):
            self.assertRegex(part, r"^(%[0-9A-F]{2}|[A-Za-z0-9._~!$&'()*+,;=:@/-])*$")
        uri = urllib.parse.urlparse(urllib.parse.urljoin(base, location['uri']))
        self.assertEqual((uri.scheme, uri.netloc), ('file', ''))
        return urllib.parse.unquote(uri.path)

    def test_the_schema_can_refuse(self):
        self.system.write()
        log = self.check('--sarif').json
        del log['runs'][0]['tool']['driver']['name']
        with self.assertRaises(jsonschema.ValidationError):
            jsonschema.validate(log, self.schema, cls=jsonschema.Draft4Validator)

    def test_clean(self):
        self.system.write()
        run = self.sarif(status=0)
        self.assertEqual(run['results'], [])
        self.assertEqual([one['executionSuccessful'] for one in run['invocations']], [True])
        self.assertEqual(run['tool']['driver']['name'], 'modsure')

    def test_rules(self):
        self.system.write()
        found = [(rule['id'], rule['name'], rule['defaultConfiguration']['level'], plain(rule['shortDescription']),
                  plain(rule['fullDescription']), plain(rule['help'])) for rule in self.sarif()['tool']['driver']['rules']]
        self.assertEqual(found, [(rule['rule'], rule['name'], rule['severity'], rule['title'], rule['explanation'],
                                  rule['explanation']) for rule in self.rules()])

    def test_every_plant(self):
        """the same findings as --json, at places that are there"""
        ids = [rule['rule'] for rule in self.rules()]
        together = None     # validating takes longer than all else
        for number, (rule, (plant, _, _)) in enumerate(planted.all_plants()):
            self.system = planted.System(os.path.join(self.scratch, 'a folder, 100% odd', str(number)))
            plant(self.system)
            self.system.write()
            log = self.check(*self.system.args, '--sarif').json
            run, = log['runs']
            together = together or json.loads(json.dumps(log))
            together['runs'][0]['results'] += run['results']
            expected = self.check(*self.system.args, '--json').findings
            self.assertEqual([one['ruleId'] for one in run['results']], [rule])
            for one, same in zip(run['results'], expected):
                self.assertEqual((one['ruleId'], one['level'], plain(one['message'])),
                                 (same['rule'], same['severity'], same['message']))
                self.assertEqual(ids[one['ruleIndex']], rule)
                location = one['locations'][0]
                physical = location.get('physicalLocation', {})
                self.assertEqual(physical.get('region', {}).get('startLine'), same['line'])
                if same['file']:
                    self.assertEqual(self.path_of(run, physical['artifactLocation']), same['file'])
                names = [logical['name'] for logical in location.get('logicalLocations', [])]
                self.assertEqual(names, [same['module']] if same['module'] else [])
        self.assertGreaterEqual(len(together['runs'][0]['results']), len(ids) - len(test_planted.OUT_OF_REACH))
        self.validate(together)

    def test_fingerprints(self):
        """tell findings apart, and are the same for another version of the kernel"""
        prints = []
        for version in (planted.VERSION, '6.13.0'):
            self.system = planted.System(os.path.join(self.scratch, version))
            self.system.version = version
            self.system.modules['drivers/lost.ko'] = lost(3)
            self.system.write()
            prints.append([one['partialFingerprints'] for one in self.sarif('--rule', 'MS101', status=1)['results']])
        self.assertEqual(prints[0], prints[1])
        self.assertEqual(len({json.dumps(one) for one in prints[0]}), 3)

    def test_accepted(self):
        self.system.modules['drivers/lost.ko'] = lost(2)
        self.system.write()
        known = self.write('known', 'MS101 lost nobody_01\n')
        results = self.sarif('--baseline', known, status=1)['results']
        self.assertEqual([[one['kind'] for one in result['suppressions']] for result in results], [[], ['external']])

    def test_not_run(self):
        """a rule that was not asked is told, so that nobody takes it for one that found nothing"""
        self.system.kernel = None
        self.system.write()
        invocation = self.sarif(status=0)['invocations'][0]
        told = [one['associatedRule']['id'] for one in invocation['toolExecutionNotifications']]
        expected = self.check('--json').json['not_run']
        self.assertIn('MS101', told)
        self.assertEqual(told, [one['rule'] for one in expected])
        for one, same in zip(invocation['toolExecutionNotifications'], expected):
            self.assertIn(same['why'], one['message']['text'])

    def test_braces(self):
        """in SARIF, single ones are places for arguments; a reader halves the others"""
        self.system.put('etc/modprobe.d/odd.conf', 'softdep {0} pre: x{y}\n')
        self.system.write()
        texts = [one['message']['text'] for one in self.sarif()['results']]
        self.assertIn('{{0}}', ' '.join(texts))
        self.assertEqual([plain({'text': text}) for text in texts],
                         [one['message'] for one in self.check(*self.system.args, '--json').findings])

    def test_failed(self):
        self.system.write()
        invocation = self.sarif('-E', '/dev/null', status=4)['invocations'][0]
        self.assertEqual((invocation['executionSuccessful'], invocation['exitCode']), (False, 4))


if __name__ == '__main__':
    tap.main()
